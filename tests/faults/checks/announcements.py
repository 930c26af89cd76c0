"""Events and replies say what became of the messages, each at least once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from tests.faults.checks.finding import Finding, lost, twice, unexpected
from tests.faults.subscriber import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.faults.found import Found
    from tests.faults.ledger import Key
    from tests.faults.subscriber import Told

_REGISTERED: Final = "klantcontact-geregistreerd"
_REFUSED: Final = "klantcontact-afgewezen"
_FAILED: Final = "mail-mislukt"


def events(found: Found) -> Iterator[Finding]:
    """One of each contact, by the contact's own id, and one at least of each dead letter."""
    heard = {name for name, told in found.told if told.queue == EVENTS}
    refused = _by_key(found, _REFUSED, replies=False)
    for contact in found.contacts:
        if contact.id not in heard:
            yield lost(f"event of contact {contact.id}")
    known = {contact.id for contact in found.contacts}
    for name, told in found.told:
        if told.type == _REGISTERED and name not in known:
            yield unexpected(f"{told.queue} was told of contact {name}, which is not there")
    failed = {t.subject for _, t in found.told if t.queue == EVENTS and t.type == _FAILED}
    for letter in found.letters:
        if letter.code == "mail-mislukt":
            if letter.key[1] not in failed:
                yield lost(f"event of mail {letter.key[1]}, which failed")
        # What names no applicatie has no key that an event could be found by.
        elif letter.key[0] and letter.code not in {
            each.code for each in refused.get(letter.key, ())
        }:
            yield lost(f"event of dead letter {letter.code} of {'/'.join(letter.key)}")


def replies(found: Found) -> Iterator[Finding]:
    """Whoever asked hears the outcome."""
    registered = _by_key(found, _REGISTERED, replies=True)
    refused = _by_key(found, _REFUSED, replies=True)
    asked = {key for key, entry in found.entries.items() if entry.answered}
    for contact in found.contacts:
        if contact.key in asked and contact.key is not None:
            subjects = {each.subject for each in registered.get(contact.key, ())}
            if contact.id not in subjects:
                yield lost(f"reply about contact {contact.id}")
            if subjects - {contact.id}:
                yield twice(f"replies of {'/'.join(contact.key)} name several contacts")
    for letter in found.letters:
        codes = {each.code for each in refused.get(letter.key, ())}
        if letter.key in asked and letter.code not in codes:
            yield lost(f"reply about dead letter {letter.code} of {'/'.join(letter.key)}")
    for key in (registered.keys() | refused.keys()) - asked:
        yield unexpected(f"a reply to {'/'.join(key)}, which asked for none")


def repeats(found: Found) -> Iterator[Finding]:
    """The same one again only after a relay lost its way to the broker or to the record.

    One that waits there for longer than its lease is overtaken by another.
    """
    again = sum(max(0, told.times - _due(told, found)) for _, told in found.told)
    broken = found.disturbed.pauses + found.disturbed.relays_slowed
    broken += sum(
        log.broken_off["relay"] + log.let_go["relay"] + (log.ended == -9) for log in found.logs
    )
    if again > broken * found.in_hand:
        yield twice(f"{again} events and replies again, where {broken * found.in_hand} may be")


def _due(told: Told, found: Found) -> int:
    """An event comes once, a reply as often as its message did."""
    if told.queue == EVENTS or told.key is None or told.key not in found.entries:
        return 1
    return found.entries[told.key].published + sum(log.repeated[told.key] for log in found.logs)


def _by_key(found: Found, kind: str, *, replies: bool) -> Mapping[Key, list[Told]]:
    by_key: defaultdict[Key, list[Told]] = defaultdict(list)
    for _, told in found.told:
        if told.type == kind and told.key and (told.queue != EVENTS) == replies:
            by_key[told.key].append(told)
    return by_key
