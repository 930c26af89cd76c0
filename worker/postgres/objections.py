"""Why something cannot be done with a dead letter that was named, and what to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from worker.domain.text import printable
from worker.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    import asyncpg

    Objection = Callable[[asyncpg.Record], str | None]

KLANTCONTACTEN: Final = "klantcontact.registratie."
FACTS: Final = "klantcontact.zaken"
MAILS: Final = "klantcontact.notificatie.email"
_MOST_NAMED: Final = 20
_FAILED: Final = frozenset({"mislukt", "onzeker"})


def refuse(
    ids: Sequence[UUID], rows: Sequence[asyncpg.Record], objection: Objection, what: str
) -> None:
    """Raise UsageError with a line for each of `ids` that there is an objection to, if any is."""
    found = {row["id"]: row for row in rows}
    lines = [
        f"{each}: {why}"
        for each in ids
        if (why := objection(found[each]) if each in found else "there is no such dead letter")
    ]
    if lines:
        shown = lines[:_MOST_NAMED]
        if rest := len(lines) - len(shown):
            shown.append(f"and {rest} more")
        raise UsageError("\n".join([f"nothing was {what}", *shown]))


def no_retry(row: asyncpg.Record, *, allowing: bool) -> str | None:
    """Why it cannot be retried; `allowing` is whether its age or a new id is to be allowed."""
    return _settled(row["toestand"], row) or _not_from(row["queue"], row, allowing=allowing)


def no_archive(row: asyncpg.Record) -> str | None:
    """Why it cannot be archived."""
    return "is archived already" if row["toestand"] == "gearchiveerd" else _busy(row)


def no_restore(row: asyncpg.Record) -> str | None:
    """Why it cannot be restored."""
    toestand = row["toestand"]
    return None if toestand == "gearchiveerd" else f"is not archived but {toestand}: leave it out"


def _settled(toestand: str, row: asyncpg.Record) -> str | None:
    if toestand == "gearchiveerd":
        return "is archived; `dead-letters restore` it first"
    return _busy(row)


def _busy(row: asyncpg.Record) -> str | None:
    if row["toestand"] == "hervat":
        return "is on its way already; `dead-letters show` tells what became of it"
    if row["toestand"] == "opgelost":
        made = row["klantcontact"]
        return f"was resolved: it is klantcontact {made}" if made else "was resolved already"
    return None


def _not_from(queue: str, row: asyncpg.Record, *, allowing: bool) -> str | None:
    if queue.startswith(KLANTCONTACTEN):
        return None
    if queue not in {FACTS, MAILS}:
        return f"came from {printable(queue)}, and cannot be retried; `dead-letters archive` it"
    if allowing:
        kind = "fact" if queue == FACTS else "mail"
        return f"is a {kind}, and --accept-late and --new-id are for klantcontacten: leave them out"
    return None if queue == FACTS else _of_a_mail(row["mail"])


def _of_a_mail(toestand: str | None) -> str | None:
    match toestand:
        case None:
            return "its mail is not there any more; `dead-letters archive` it"
        case "verzonden":
            return "its mail was sent after all; `dead-letters archive` it"
        case _ if toestand not in _FAILED:
            return "its mail is being sent already; wait for what becomes of it"
        case _:
            return None
