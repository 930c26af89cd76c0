"""What comes next of a mail, and what a person can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from worker.cli import calling

if TYPE_CHECKING:
    from worker.postgres.mail_details import MailDetails

_GROUP: Final = ("klantcontact", "notificaties")
_COMMAND: Final = (*_GROUP, "resend")
_CURRENT: Final = "--to-current-address"
_BACK: Final = "teruggekomen"
_PARKED: Final = (
    "it could not be offered, and was put aside: see the log of that moment, and tell "
    "whoever runs the worker"
)


class Step(NamedTuple):
    """In words, and as a command if there is one."""

    words: str
    command: tuple[str, ...] | None = None


def next_step(mail: MailDetails) -> Step:
    """What to expect of it, or what to do about it."""
    if mail.repeated and not mail.contacts:
        new = str(mail.repeated[-1])
        return Step("it was sent anew: look at that mail", (*_GROUP, "show", new))
    if mail.parked is not None:
        return Step(_PARKED)
    if mail.toestand in _ENDED:
        return _ENDED[mail.toestand](mail)
    if mail.due is None:
        return Step("it is on its way, and offered again by itself if it gets lost")
    due = calling.moment(mail.due)
    if mail.toestand == "wacht":
        return Step(f"it goes out by itself, {due}, with what joins it until then")
    return Step(f"it is tried again by itself, {due}")


def _sent(mail: MailDetails) -> Step:
    return Step(
        "nothing: the mail server took it. Lost all the same? Send it once more:",
        (*_COMMAND, str(mail.id), "--again"),
    )


def _failed(mail: MailDetails) -> Step:
    if archived := _archived(mail):
        return archived
    resend = (*_COMMAND, str(mail.id))
    if mail.marked is not None:
        return Step(
            "nothing reaches its address: later mails to it are withheld. Find out the right one "
            "and let the zaak's facts bring it, then:",
            (*resend, _CURRENT),
        )
    last = mail.attempts[-1] if mail.attempts else None
    if last and last.toestand == _BACK:
        return Step("it came back: see to the cause, then send the same mail again:", resend)
    return Step(
        "it is not tried again by itself: see to the cause (--reveal shows the mail server's "
        "words), then:",
        resend,
    )


def _unknown(mail: MailDetails) -> Step:
    return _archived(mail) or Step(
        "it may have arrived or not: the mail server fell silent after it. Its log knows, by the "
        "Message-ID. Send the same mail again, if it may come twice:",
        (*_COMMAND, str(mail.id)),
    )


def _archived(mail: MailDetails) -> Step | None:
    letter = mail.letter
    if letter is None or letter.toestand != "gearchiveerd":
        return None
    return Step(
        "its dead letter is archived, so that nobody need see to it; to send it after all:",
        ("klantcontact", "dead-letters", "restore", str(letter.id)),
    )


_ENDED: Final = {"verzonden": _sent, "mislukt": _failed, "onzeker": _unknown}
