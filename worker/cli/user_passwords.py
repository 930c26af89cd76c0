"""The file from which an administrator makes the broker's users.

Whatever is wrong with it is told without any of its text: a password may stand where a name
should.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from worker.errors import UsageError
from worker.rabbitmq.topology import ABONNEE, KANALEN, USERS
from worker.rabbitmq.users import ADMIN

FORM: Final = (
    '{"<user>": "<password>", "<applicatie>": {"password": …, "kanaal": …},'
    ' "<subscriber>": {"password": …, "abonnee": true}}'
)

# One queue of a user with a dot in its name could be another's too: antwoord.kcc.nieuw.1.
_NAME: Final = re.compile(r"[^\x00-\x20\x7f.]{1,100}")
_KNOWN: Final = frozenset({ADMIN, "guest", *USERS})
_TAKEN: Final = _KNOWN - frozenset(KANALEN)


@dataclass(frozen=True, slots=True)
class Given:
    """The password of each user, the kanaal of those that are named after an applicatie."""

    passwords: Mapping[str, str]
    kanalen: Mapping[str, str]
    abonnees: Sequence[str]
    """Those that take events."""


def parse(content: bytes, source: str) -> Given:
    """The users in `content`; raises UsageError that names `source`, and says which entry."""
    passwords: dict[str, str] = {}
    kanalen: dict[str, str] = {}
    abonnees: list[str] = []
    for number, (name, value) in enumerate(_entries(content, source), 1):
        try:
            password, work = _user(name, value)
        except UsageError as error:
            raise UsageError(f"{source}: entry {number} {error}") from None
        if name in passwords:
            raise UsageError(f"{source}: entry {number} names a user for the second time")
        passwords[name] = password
        if work == ABONNEE:
            abonnees.append(name)
        elif work is not None:
            kanalen[name] = work
    return Given(passwords, kanalen, abonnees)


_UNKNOWN: Final = (
    f"is no user of the broker: there are {', '.join(USERS)}; another channel system's is written"
    ' {"password": …, "kanaal": …}, another subscriber\'s {"password": …, "abonnee": true}'
)


def _entries(content: bytes, source: str) -> Sequence[tuple[str, Any]]:
    """Name and value of each, names that occur twice too; of objects within, a dict."""
    try:
        pairs = json.loads(content, object_pairs_hook=lambda found: found)
    except (ValueError, RecursionError):
        pairs = None
    # A list in JSON is a list of no pairs.
    if not isinstance(pairs, list) or not all(isinstance(each, tuple) for each in pairs):
        raise UsageError(f"{source} does not hold users: {FORM}")
    if not pairs:
        raise UsageError(f"{source} names no user: {FORM}")
    return [(name, _inner(value)) for name, value in pairs]


def _inner(value: object) -> object:
    pairs = value if isinstance(value, list) and value else None
    if pairs is None or not all(isinstance(each, tuple) for each in pairs):
        return value
    # A name that stands twice would hide one of its values.
    return dict(pairs) if len(dict(pairs)) == len(pairs) else {}


def _user(name: str, value: object) -> tuple[str, str | None]:
    """Password, and its kanaal or `abonnee` if told; raises UsageError that says what it lacks."""
    if isinstance(value, dict):
        work = _abonnee if ABONNEE in value else _kanaal
        return _password(value.get("password")), work(name, value)
    if name not in USERS:
        raise UsageError(_UNKNOWN)
    return _password(value), None


def _kanaal(name: str, value: Mapping[str, Any]) -> str:
    kanaal = value.get("kanaal")
    if set(value) != {"password", "kanaal"} or kanaal not in KANALEN:
        kinds = ", ".join(KANALEN)
        raise UsageError(f'takes "password" and "kanaal" alone; a kanaal is one of {kinds}')
    if name in _TAKEN or (name in KANALEN and name != kanaal):
        raise UsageError("is a user that has other work: a channel system has a name of its own")
    _check_name(name)
    return str(kanaal)


def _abonnee(name: str, value: Mapping[str, Any]) -> str:
    if set(value) != {"password", ABONNEE} or value[ABONNEE] is not True:
        raise UsageError(f'takes "password" and "{ABONNEE}": true alone')
    if name != ABONNEE and name in _KNOWN:
        raise UsageError("is a user that has other work: a subscriber has a name of its own")
    _check_name(name)
    return ABONNEE


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError("has a name with a space or a dot in it, or one that is too long")


def _password(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError("has no password")
    return value
