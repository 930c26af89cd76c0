"""Messages that must be refused, each sort with the code that it must get."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tests.bench import tokens
from tests.bench.mixture import DEFECTS
from tests.faults.ledger import Fate, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.material import Message

CLOCKS: Final = tuple(timedelta(seconds=each) for each in (-3000, -600, -90, 20, 40))
"""How wrong a sender's clock may be without harm: a minute ahead, or behind by far more."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One way to be unfit."""

    make: Callable[[Message], Message]
    fate: Fate
    ahead: timedelta = timedelta()


def _as_it_is(message: Message) -> Message:
    return message


def _without_rights(message: Message) -> Message:
    contact = json.loads(message.body)
    contact["opvoerder"]["identificatie"] = "mdw-9901"
    token = tokens.of_the_day(message.kanaal, "mdw-9901")
    return replace(message, body=json.dumps(contact).encode(), token=token)


def _of_another_type(message: Message) -> Message:
    contact = json.loads(message.body)
    contact["type"] = "mail"
    return replace(message, body=json.dumps(contact).encode())


def _forged(message: Message) -> Message:
    signed = message.token or ""
    return replace(message, token=signed[:-4] + ("AAAA" if signed[-4:] != "AAAA" else "BBBB"))


def _of_no_zaak(message: Message) -> Message:
    contact = json.loads(message.body)
    contact["zaak"] = "ZAAK-1999-0000001"
    return replace(message, body=json.dumps(contact).encode())


_CODES: Final = (
    "bericht-onleesbaar",
    "bericht-ongeldig",
    "bericht-ongeldig",
    "bericht-ongeldig",
    "bericht-onleesbaar",
    "opvoerder-niet-geauthenticeerd",
)
SORTS: Final = (
    *(Sort(make, refused(code)) for make, code in zip(DEFECTS, _CODES, strict=True)),
    Sort(_without_rights, refused("opvoerder-niet-geautoriseerd")),
    Sort(_of_another_type, refused("kanaal-niet-toegestaan")),
    Sort(_forged, refused("opvoerder-niet-geauthenticeerd")),
    Sort(_of_no_zaak, refused("zaak-onbekend")),
    Sort(_as_it_is, refused("bericht-ongeldig"), timedelta(minutes=25)),
    Sort(_as_it_is, refused("bericht-verlopen"), timedelta(days=-8)),
)
"""The last two are of clocks that are wrong: the future is refused, and so is what is too old."""
