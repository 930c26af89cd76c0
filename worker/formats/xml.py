"""XML: the source's `Klantcontact` (S10), in a registration with its zaak or by itself.

Read without network, DTD, entities or huge trees, held against the XSD, and turned into the
JSON of the contract, which the same models then judge: one meaning, whatever the format.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import orjson
from lxml import etree
from pydantic import TypeAdapter, ValidationError

from worker.domain.text import Moment
from worker.envelope import Envelope
from worker.errors import Code, Refusal, Violation
from worker.formats.xml_elements import NAMESPACE, REGISTRATIE, ROOTS, Group, Kind, Leaf, Sequence
from worker.formats.xml_errors import code_of, field_of, violations
from worker.formats.xml_parsing import Apart, parsed
from worker.formats.xml_texts import value
from worker.formats.xsd import xsd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from worker.envelope import Delivery

_MOMENT: Final = TypeAdapter(Moment)
_NOT_THERE: Final = {
    Kind.MOMENT: "there is no such moment",
    Kind.INTEGER: "this number is too large",
}
_WRAPPED: Final = ("id", "source", "time")


def decode(delivery: Delivery, received: datetime, _kind: str) -> Envelope:
    """Take id, source and time from the registration where they stand, else from properties."""
    _schema()  # compiled in this thread: the one that reads does not live as long
    fields = _apart(delivery.body)
    envelope = {name: fields.pop(name, None) for name in _WRAPPED}
    if "zaak" not in fields and (zaak := delivery.headers.get("zaak")) is not None:
        if not isinstance(zaak, str) or not zaak.isprintable():
            raise _wrong("the header zaak must be a text", "zaak")
        fields["zaak"] = zaak
    message_id = envelope["id"] or delivery.message_id
    if not message_id or not message_id.isprintable():
        detail = "give a BerichtId, or set the property message_id"
        raise _wrong(detail, "message_id")
    applicatie = delivery.user_id or ""
    return Envelope(
        applicatie=applicatie,
        source=envelope["source"] or f"urn:applicatie:{applicatie}",
        id=message_id,
        time=_time(envelope["time"]) or delivery.timestamp or received,
        data=orjson.dumps(fields),
    )


def _read(body: bytes) -> dict[str, Any]:
    return _fields(_valid(parsed(body)))


_apart: Final = Apart(_read)


def _claims(body: bytes) -> dict[str, str]:
    """Without the XSD: the texts at the top of a registration, each if it stands there once."""
    root = _in_namespace(parsed(body))
    tops = [each for each in root if str(each.tag) in _TOPS and not len(each)]
    counted = Counter(each.tag for each in tops)
    return {
        _TOPS[str(each.tag)].field: str(value(Kind.TOKEN, each.text or ""))
        for each in tops
        if counted[each.tag] == 1
    }


_TOPS: Final = {
    tag: part
    for tag, part in REGISTRATIE.by_tag.items()
    if isinstance(part, Leaf) and part.field in {"id", "source", "zaak"}
}
claims: Final = Apart(_claims)
"""What a body that is refused says of itself: id, source and zaak; raises Refusal."""


def _in_namespace(root: etree._Element) -> etree._Element:
    """The source's own fragment names no namespace: what has none at all is taken as ours."""
    if not any(str(element.tag).startswith("{") for element in root.iter(etree.Element)):
        for element in root.iter(etree.Element):
            element.tag = f"{{{NAMESPACE}}}{element.tag!s}"
    return root


def _valid(root: etree._Element) -> etree._Element:
    """The root, if it keeps to the XSD; raises Refusal with every violation at once."""
    _in_namespace(root)
    schema = _schema()
    if schema.validate(root):
        return root
    found = violations(root, schema.error_log)
    # libxml2's words quote the message, and both logs would keep them: the schema's until it is
    # next used, so it is used; lxml's until a hundred more.
    schema.validate(etree.Element("none"))
    etree.clear_error_log()
    raise Refusal(*found)


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(xsd().encode()))


def _fields(root: etree._Element) -> dict[str, Any]:
    return dict(_group(ROOTS[etree.QName(root).localname], root))


def _group(group: Group, element: etree._Element) -> Iterator[tuple[str, Any]]:
    """The fields of an element that is valid: each child by its part of the table."""
    for child in element:
        part = group.by_tag[str(child.tag)]
        match part:
            case Leaf():
                yield part.field, _leaf(part, child)
            case Sequence(item=item):
                yield part.field, [dict(_group(item, each)) for each in child]
            case Group(field=""):
                yield from _group(part, child)
            case Group():
                yield part.field, dict(_group(part, child))


def _leaf(part: Leaf, element: etree._Element) -> str | int | bool:
    try:
        return value(part.kind, element.text or "")
    except ValueError:
        field, _ = field_of(element)
        raise Refusal(Violation(code_of(field), _NOT_THERE[part.kind], field)) from None


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment: datetime = _MOMENT.validate_python(text)
    except ValidationError:
        raise _wrong("there is no such moment", "time") from None
    return moment


def _wrong(detail: str, field: str | None) -> Refusal:
    return Refusal(Violation(Code.ONGELDIG, detail, field))
