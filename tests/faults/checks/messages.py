"""Every confirmed message is a contact or a dead letter: never both, never neither."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.faults.checks.finding import Finding, lost, twice, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.faults.found import Contact, Found, Letter
    from tests.faults.ledger import Entry, Key


def messages(found: Found) -> Iterator[Finding]:
    """Each message of the ledger became what it was to become."""
    contacts: dict[Key, list[Contact]] = defaultdict(list)
    letters: dict[Key, list[Letter]] = defaultdict(list)
    for contact in found.contacts:
        if contact.key is None:
            yield twice(f"contact {contact.id} belongs to no message")
        else:
            contacts[contact.key].append(contact)
    for letter in found.letters:
        letters[letter.key].append(letter)
    for key, entry in found.entries.items():
        yield from _message(key, entry, contacts.pop(key, []), letters.pop(key, []))
    for key in contacts:
        yield unexpected(f"a contact of {_name(key)}, which nobody sent")
    for key, others in letters.items():
        if key[0]:
            yield unexpected(f"a dead letter {others[0].code} of {_name(key)}, which nobody sent")


def _message(
    key: Key, entry: Entry, contacts: Sequence[Contact], letters: Sequence[Letter]
) -> Iterator[Finding]:
    name, fate = _name(key), entry.fate
    if entry.confirmed < entry.planned:
        yield unexpected(f"{name} was not confirmed in the end")
    if not contacts and not letters:
        if entry.confirmed:
            yield lost(f"{name} is neither contact nor dead letter")
        return
    if len(contacts) > 1 or len(letters) > 1:
        yield twice(f"{name} has {len(contacts)} contacts and {len(letters)} dead letters")
    yield from _one(name, entry, contacts, letters)
    if fate.both and entry.confirmed > 1 and not (contacts and letters):
        yield lost(f"{name} has two contents, and one of them left nothing")


def _one(
    name: str, entry: Entry, contacts: Sequence[Contact], letters: Sequence[Letter]
) -> Iterator[Finding]:
    if contacts and letters and not entry.fate.both:
        yield twice(f"{name} is a contact and a dead letter {letters[0].code}")
    for contact in contacts:
        if not entry.fate.contact:
            yield unexpected(f"{name} was registered, and was to be refused")
        elif contact.content not in entry.contents or contact.zaak != entry.zaak:
            yield unexpected(f"{name} was registered with something else in it")
    for letter in letters:
        if letter.code not in entry.fate.codes:
            yield unexpected(f"{name} is a dead letter {letter.code}")
        if letter.state != "open":
            yield unexpected(f"{name} is still {letter.state}")


def facts(found: Found) -> Iterator[Finding]:
    """Of each zaak the newest snapshot stands, in whatever order they came."""
    for zaak, sent in found.zaken_sent.items():
        stands = found.zaken.get(zaak)
        if stands is None:
            yield lost(f"{zaak} is not in the register")
        elif stands != (sent.status, sent.closed):
            yield lost(f"{zaak} is at {stands[0]!r} instead of {sent.status!r}")


def closings(found: Found) -> Iterator[Finding]:
    """No contact was committed on a zaak that was closed by then, and none refused before."""
    for each in found.late:
        yield unexpected(f"contact {each} was committed after the zaak was closed")
    for letter in found.letters:
        entry = found.entries.get(letter.key)
        if entry is None or letter.code != "zaak-afgesloten":
            continue
        sent = found.zaken_sent.get(entry.zaak)
        if sent is None or not sent.closed:
            yield unexpected(f"{_name(letter.key)} was refused for a closing that never was")


def _name(key: Key) -> str:
    return f"message {key[0]}/{key[1]}"
