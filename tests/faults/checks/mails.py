"""Everyone is told of each contact once, by a mail that the server took."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.faults.checks.finding import Finding, lost, twice, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.found import Contact, Found


def notifications(found: Found) -> Iterator[Finding]:
    """Each contact has one for each betrokkene of its zaak, and those with an address a mail."""
    told: Counter[str] = Counter()
    for contact in found.contacts:
        told.update({each for each in contact.notified.values() if each})
        yield from _notified(contact, found)
    if not found.window:
        for mail, times in told.items():
            if times > 1:
                yield unexpected(f"mail {mail} tells of {times} contacts, without a window")
    for mail in found.mails.keys() - told.keys():
        yield twice(f"mail {mail} tells of no contact")


def _notified(contact: Contact, found: Found) -> Iterator[Finding]:
    wanted = found.recipients.get(contact.zaak, {})
    for each, by_mail in wanted.items():
        if each not in contact.notified:
            yield lost(f"notification of {each} of contact {contact.id}")
        elif (contact.notified[each] is not None) != by_mail:
            yield unexpected(f"{each} is told of contact {contact.id} otherwise than to be told")
    for each in contact.notified.keys() - wanted.keys():
        yield unexpected(f"{each} is told of contact {contact.id}, and is none of its zaak's")
    mails = [mail for mail in contact.notified.values() if mail]
    if len(set(mails)) < len(mails):
        yield unexpected(f"two people share a mail of contact {contact.id}")
    for mail in mails:
        if mail not in found.mails:
            yield lost(f"mail {mail} of contact {contact.id}")


def mails(found: Found) -> Iterator[Finding]:
    """Each was taken by the server, or is `onzeker` for a reason that the run knows."""
    failed = {letter.key[1] for letter in found.letters if letter.code == "mail-mislukt"}
    for mail, state in found.mails.items():
        taken = found.posted.taken.get(mail, 0)
        if state == "verzonden":
            if not taken:
                yield lost(f"mail {mail} is on record as sent, and the server never took it")
        elif state == "onzeker":
            yield from _uncertain(mail, taken, mail in failed, found)
        else:
            yield unexpected(f"mail {mail} is {state}, taken {taken} times")
        if mail in failed and state == "verzonden":
            yield unexpected(f"mail {mail} was sent, and is a dead letter")
    for mail in found.posted.taken.keys() - found.mails.keys():
        yield unexpected(f"the server took mail {mail}, which is not known")


def _uncertain(mail: str, taken: int, told: bool, found: Found) -> Iterator[Finding]:  # noqa: FBT001 (seen by its only caller)
    """Content that was not answered: the server hung up, or the way to it was broken."""
    explained = found.posted.unanswered.get(mail) or found.disturbed.mail_ways
    if not explained:
        yield unexpected(f"mail {mail} is onzeker (taken {taken} times) without a cause")
    if not told:
        yield lost(f"the dead letter of mail {mail}, which is onzeker")


def repeated(found: Found) -> int:
    """How many mails the server took again."""
    return sum(times - 1 for times in found.posted.taken.values())


def repeatable(found: Found) -> int:
    """How many may be: a process that loses its way to the record loses one per connection.

    That is one that was killed, or met an outage, or was stopped until its leases had run out.
    """
    broken = found.disturbed.pauses
    for log in found.logs:
        if log.sends:
            broken += log.broken_off["mailer"] + log.let_go["mailer"] + (log.ended == -9)
    return broken * found.connections


def repetitions(found: Found) -> Iterator[Finding]:
    """No more than that."""
    if repeated(found) > repeatable(found):
        yield twice(f"{repeated(found)} mails again, where {repeatable(found)} may be")
