"""From reports on `klantcontact.bounce` to what each says of which mail: nothing is decided.

A report is matched by the address that it was sent to, the envelope sender of one mail, and then
held against that mail's recipient: others could have written it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from worker.domain.notifications import address_key
from worker.domain.undeliverable import undeliverable
from worker.mime import HeaderError, address
from worker.return_path import mail_of

if TYPE_CHECKING:
    from worker.delivery_status import Report, Status
    from worker.envelope import Delivery


class Outcome(StrEnum):
    """What became of a report."""

    CAME_BACK = "teruggekomen"
    DELAYED = "vertraagd"
    ON_RECORD = "herhaald"
    UNKNOWN = "onbekend"
    PASSED_OVER = "overgeslagen"
    UNREADABLE = "onleesbaar"
    UNEXPECTED = "onverwacht"


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report about one mail, not yet held against that mail's recipient.

    `id` is the same whenever the same report comes.
    """

    id: UUID
    mail: UUID
    statuses: tuple[Status, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a report says of its mail, and the part of it that says so, if any does."""

    outcome: Outcome
    status: Status | None = None
    undeliverable: str | None = None
    """The code by which the address does not exist, if the report says so: later mails stop."""


def matched(delivery: Delivery, report: Report) -> Bounce | Verdict:
    """The mail that a report is about, by where the report was sent to.

    The mail system says so in the header `ontvanger`; where it does not, the report's own do.
    """
    if not report.statuses:
        return Verdict(Outcome.PASSED_OVER if report.automatic else Outcome.UNREADABLE)
    told = delivery.headers.get("ontvanger")
    addresses = [told] if isinstance(told, str) else report.sent_to
    mail = next((found for each in addresses if (found := mail_of(each))), None)
    if mail is None:
        return Verdict(Outcome.UNKNOWN)
    digest = sha256(delivery.body).hexdigest()
    return Bounce(uuid5(mail, digest), mail, report.statuses)


def judge(bounce: Bounce, adres: str) -> Verdict:
    """Hold a report against its mail, which went to `adres`: what failed comes before the rest.

    A mail that was sent on from there, and came back from elsewhere, marks nothing.
    """
    wanted = _compared(adres)
    own = [each for each in bounce.statuses if wanted in map(_compared, each.addresses)]
    if not own:
        return Verdict(Outcome.UNKNOWN)
    by_action = {each.action: each for each in reversed(own)}
    if failed := by_action.get("failed"):
        here = wanted == _compared(failed.addresses[0])
        code = undeliverable(failed.code, failed.words) if here else None
        return Verdict(Outcome.CAME_BACK, failed, code)
    if expired := by_action.get("expired"):
        return Verdict(Outcome.CAME_BACK, expired)
    if delayed := by_action.get("delayed"):
        return Verdict(Outcome.DELAYED, delayed)
    return Verdict(Outcome.PASSED_OVER, own[0])


def _compared(adres: str) -> str:
    """As addresses are compared, its domain in the form in which the mail was sent."""
    try:
        return address_key(address("To", adres))
    except HeaderError:
        return address_key(adres)
