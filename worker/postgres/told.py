"""Who was told of klantcontacten, when and with what result; who was not, and why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from worker.postgres.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to send a mail, or a report of it: `code` is SMTP's, `status` RFC 3463's.

    `words` are the mail server's; they may quote the recipient.
    """

    moment: datetime
    toestand: str
    code: int | None
    status: str | None
    words: str


@dataclass(frozen=True, slots=True)
class Told:
    """One betrokkene and one klantcontact.

    `toestand` is the mail's, or `achterwege` with its `reden`. `sent` is when the mail server
    took the mail, also if it came back since; `due` when it is tried again, if it is put off.
    `last` is what was heard of it last. `repeats` is the mail that it was sent instead of, and
    `before` when that one was sent, if it was. `naam` and `adres` are the mail's.
    """

    betrokkene: str
    rol: str
    toestand: str
    reden: str | None
    mail: UUID | None
    sent: datetime | None
    due: datetime | None
    attempts: int | None
    last: Attempt | None
    repeats: UUID | None
    before: datetime | None
    naam: str | None
    adres: str | None

    def document(self) -> dict[str, Any]:
        """As `--json` has it, without name and address."""
        return {
            "betrokkene": self.betrokkene,
            "rol": self.rol,
            "toestand": self.toestand,
            "reden": self.reden,
            "mail": self.mail,
            "verzonden": self.sent,
            "opnieuw": self.due,
            "pogingen": self.attempts,
            "laatste": None if self.last is None else _heard(self.last),
            "herhaalt": self.repeats,
            "eerderVerzonden": self.before,
        }


def _heard(last: Attempt) -> dict[str, Any]:
    return {
        "moment": last.moment,
        "toestand": last.toestand,
        "code": last.code,
        "status": last.status,
    }


async def told(database: Pool | Connection, contacts: Sequence[UUID]) -> dict[UUID, list[Told]]:
    """Of each klantcontact who was told and who was not, by role."""
    rows = await database.fetch(
        """
        select n.klantcontact, n.betrokkene, n.rol, coalesce(m.toestand, n.toestand) as toestand,
               n.reden, n.mail, coalesce(m.verzonden, goed.moment) as verzonden,
               case when m.toestand = 'uitgesteld' then m.opnieuw end as opnieuw, m.pogingen,
               laatste.moment, laatste.toestand as uitkomst, laatste.code, laatste.status,
               m.herhaalt, coalesce(oud.verzonden, eerder.moment) as eerder, m.naam, m.adres
        from notificatie as n
        left join mail as m on m.id = n.mail
        left join mail as oud on oud.id = m.herhaalt
        left join lateral (
            select max(moment) as moment from mail_poging
            where mail = m.id and toestand = 'verzonden'
        ) as goed on true
        left join lateral (
            select moment, toestand, code, status from mail_poging
            where mail = m.id order by moment desc, id desc limit 1
        ) as laatste on true
        left join lateral (
            select max(moment) as moment from mail_poging
            where mail = m.herhaalt and toestand = 'verzonden'
        ) as eerder on true
        where n.klantcontact = any ($1::uuid[])
        order by n.klantcontact, n.rol, n.betrokkene
        """,
        contacts,
    )
    found: dict[UUID, list[Told]] = defaultdict(list)
    for row in rows:
        found[row["klantcontact"]].append(_told(row))
    return found


def _told(row: asyncpg.Record) -> Told:
    heard = row["moment"] and Attempt(
        row["moment"], row["uitkomst"], row["code"], row["status"], ""
    )
    return Told(
        betrokkene=row["betrokkene"],
        rol=row["rol"],
        toestand=row["toestand"],
        reden=row["reden"],
        mail=row["mail"],
        sent=row["verzonden"],
        due=row["opnieuw"],
        attempts=row["pogingen"],
        last=heard,
        repeats=row["herhaalt"],
        before=row["eerder"],
        naam=row["naam"],
        adres=row["adres"],
    )
