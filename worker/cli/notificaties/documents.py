"""One mail, and one klantcontact with who was told of it, as `--json` has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from worker.cli.hiding import MASK, hidden
from worker.cli.notificaties.next_step import next_step
from worker.postgres.mail_details import MailDetails

if TYPE_CHECKING:
    from worker.postgres.dead_letter_details import Handled
    from worker.postgres.mail_details import ToldOf
    from worker.postgres.told import Attempt, Told


def document(found: MailDetails | ToldOf, *, reveal: bool) -> dict[str, Any]:
    """What `--json` prints."""
    return _mail(found, reveal) if isinstance(found, MailDetails) else _contact(found, reveal)


def _mail(mail: MailDetails, reveal: bool) -> dict[str, Any]:
    step = next_step(mail)
    return {
        "id": mail.id,
        "toestand": mail.toestand,
        "code": mail.code,
        "zaak": mail.zaak,
        "soort": mail.soort,
        "taal": mail.taal,
        "naam": mail.naam if reveal else MASK,
        "adres": mail.adres if reveal else MASK,
        "sjabloon": mail.template,
        "messageId": mail.message_id,
        "gemaakt": mail.made,
        "verzonden": mail.sent,
        "opnieuw": mail.due,
        "geparkeerd": mail.parked,
        "pogingen": mail.tries,
        "antwoord": _words(mail.words, reveal),
        "onbestelbaarSinds": mail.marked,
        "herhaalt": mail.repeats,
        "herhaaldDoor": list(mail.repeated),
        "deadLetter": mail.letter and {"id": mail.letter.id, "toestand": mail.letter.toestand},
        "next": step.words,
        "command": step.command,
        "revealed": reveal,
        "klantcontacten": [
            {"id": each.id, "datumGezet": each.moment, "type": each.type, "rollen": each.roles}
            for each in mail.contacts
        ],
        "pogingenEnMeldingen": [_attempt(each, reveal) for each in mail.attempts],
        "handelingen": [_handled(each) for each in mail.history],
    }


def _contact(found: ToldOf, reveal: bool) -> dict[str, Any]:
    return {
        "klantcontact": found.id,
        "zaak": found.zaak,
        "datumGezet": found.moment,
        "type": found.type,
        "revealed": reveal,
        "notificaties": [_told(each, reveal) for each in found.told],
    }


def _told(one: Told, reveal: bool) -> dict[str, Any]:
    return {
        **one.document(),
        "betrokkene": one.betrokkene if reveal else MASK,
        "naam": one.naam if reveal or one.naam is None else MASK,
        "adres": one.adres if reveal or one.adres is None else MASK,
    }


def _attempt(attempt: Attempt, reveal: bool) -> dict[str, Any]:
    return {
        "moment": attempt.moment,
        "toestand": attempt.toestand,
        "code": attempt.code,
        "status": attempt.status,
        "antwoord": _words(attempt.words, reveal),
    }


def _words(words: str | None, reveal: bool) -> str | None:
    return words if reveal or not words else hidden(words)


def _handled(each: Handled) -> dict[str, Any]:
    return {
        "handeling": each.what,
        "door": each.by,
        "reden": each.reason,
        "moment": each.moment,
        "bijzonderheden": each.details,
    }
