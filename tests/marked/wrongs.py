"""Messages that are refused, with marks wherever something is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from tests.contacts import contact
from tests.facts import betrokkene, zaak
from tests.marked.demo import marked, person
from tests.marked.tokens import SECRET, token
from tests.marks import BSN_IN_AN_ID, mark
from tests.tokens import zgw

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS: Final = ("fout", "kop", "kopwaarde", "kapot")
_WRONG: Final = mark("fout")
BREAKS: Final = mark("kapot")
"""An onderwerp that the database of the test doesn't take."""
_LONG: Final = _WRONG * 2000
_FIELDS: Final = (
    "type datumGezet taal initiatief vertrouwelijk correctie vervolgOp"
    " opvoerder uitkomst gesprekspartners afspraken documenten"
)
_WITHIN: Final[dict[str, Any]] = {
    "toelichting": _LONG,
    "onderwerp": _LONG,
    "gesprekspartners": [{"rol": _WRONG, "naam": _LONG, _WRONG: _WRONG}],
    "uitkomst": {"gelukt": _WRONG, "omschrijving": [_WRONG]},
    "afspraken": [{"omschrijving": _LONG, "uiterlijk": _WRONG, "door": _WRONG}],
    "documenten": [{"titel": {_WRONG: _WRONG}, "formaat": _WRONG, "inhoud": _WRONG}],
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One message of the call center."""

    name: str
    body: bytes
    bearer: str
    properties: dict[str, Any] = field(default_factory=dict)


def contacts() -> Iterator[Wrong]:
    """Each is refused; the last one by the database."""
    yield _wrong("elk-veld", _body(**dict.fromkeys(_FIELDS.split(), _WRONG)))
    yield _wrong("binnen-velden", _body(**_WITHIN))
    yield _wrong("eigen-veld", _body(**{_WRONG: {_WRONG: _WRONG}}))
    yield _wrong(f"lijst-{BSN_IN_AN_ID}", orjson.dumps([_WRONG]))
    yield _wrong("halve-json", b'{"toelichting": "' + _WRONG.encode())
    yield _wrong("geen-utf-8", b'{"toelichting": "\xff' + _WRONG.encode() + b'"}')
    yield _wrong("soort-inhoud", _body(), content_type=f"text/{_WRONG}")
    yield _wrong("event", _event(), content_type="application/cloudevents+json")
    for name, xml in _XML.items():
        yield _wrong(name, xml.encode(), content_type="application/xml")
    yield from _unproven()
    yield _wrong("database", _body(onderwerp=BREAKS))


_XML: Final = {
    "xml-element": f"<KlantcontactRegistratie><{_WRONG}>{_WRONG}</{_WRONG}>"
    "</KlantcontactRegistratie>",
    "xml-kapot": f"<KlantcontactRegistratie><{_WRONG}>{_WRONG}",
    "xml-entiteit": f'<!DOCTYPE a [<!ENTITY b "{_WRONG}">]><a {_WRONG}="{_WRONG}">&b;</a>',
}


def facts() -> Iterator[tuple[str, bytes]]:
    """Of the zaaksysteem."""
    people = [betrokkene(**{"naam": _LONG, "email": _WRONG, "rol": [_WRONG], _WRONG: _WRONG})]
    yield "feit-velden", orjson.dumps(zaak(startdatum=_WRONG, betrokkenen=people))
    yield "feit-kapot", b'{"soort": "zaak", "omschrijving": "' + _WRONG.encode()


def _unproven() -> Iterator[Wrong]:
    good = token(_body(), "callcenter")
    claims: dict[str, Any] = {"secret": SECRET, "issued": 0, "user_id": person("mdw-0042")}
    for name, bearer in {
        "token-handtekening": good[:-4] + "AAAA",
        "token-woord": _WRONG,
        "token-claims": zgw(**{**claims, "user_id": [_WRONG]}),
        "token-oud": zgw(**claims),
        "token-client": zgw(**claims, client_id=_WRONG),
        "token-ander": token(_body(), "callcenter", _WRONG),
    }.items():
        yield Wrong(name, _body(), bearer)


def _event() -> bytes:
    event = {"specversion": "1.0", "type": _WRONG, "source": "urn:voorbeeld", "id": "event"}
    return orjson.dumps({**event, _WRONG: _WRONG, "data": orjson.loads(_body())})


def _body(**changes: object) -> bytes:
    return orjson.dumps({**marked(contact()), **changes})


def _wrong(name: str, body: bytes, **properties: object) -> Wrong:
    return Wrong(name, body, token(_body(), "callcenter"), properties)
