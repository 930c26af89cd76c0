"""The intake over PostgreSQL, with all that comes back to it, on a clock that a test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from tests.contacts import NOW, QUEUE
from tests.fakes import Lines
from tests.registering import registrations
from tests.tokens import FixedProofs
from worker.domain.question import Policy
from worker.envelope import Delivery
from worker.intake import Intake
from worker.judging import Judge
from worker.postgres.register import PostgresRegister
from worker.postgres.stored import PostgresLetters
from worker.reading import Reader
from worker.register import ZakenIntake
from worker.resumption import Resumption

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    import asyncpg

    from worker.postgres.pool import Pool
    from worker.reading import Proofs

ZAKEN = "klantcontact.zaken"


def recalled(letter: UUID | str) -> Delivery:
    """What the relay publishes of a dead letter that is to come again."""
    return Delivery(b"", "klantcontact.hervat", "worker", str(letter))


@dataclass
class Resuming:
    """An intake, and the resumption beside it; `proofs` may be changed between two."""

    pool: Pool
    deferrals: Sequence[timedelta] = ()
    moment: datetime = NOW
    proofs: Proofs = field(default_factory=FixedProofs)
    lines: Lines = field(default_factory=Lines)

    @property
    def intake(self) -> Intake:
        reader = Reader(
            self.proofs, 1024 * 1024, {QUEUE: "callcenter"}, self.lines.log, self.deferrals
        )
        store, judge = registrations(self.pool), Judge(Policy(), self.deferrals)
        return Intake(reader, store, judge, lambda: self.moment, self.lines.log)

    @property
    def facts(self) -> ZakenIntake:
        register = PostgresRegister(self.pool)
        skew = Policy().clock_skew
        clock = lambda: self.moment  # noqa: E731 (one line says it)
        return ZakenIntake(register, "zaaksysteem", skew, 1024 * 1024, clock, self.lines.log)

    @property
    def resumption(self) -> Resumption:
        letters = PostgresLetters(self.pool)
        return Resumption(letters, self.intake, self.facts, ZAKEN, 4 * 1024**2, self.lines.log)

    async def take(self, *sent: Delivery) -> UUID:
        """Take messages in; the dead letter that the last one became."""
        await self.intake.take(sent)
        found: UUID = await self.pool.fetchval(
            "select id from dead_letter where bericht_id = $1", sent[-1].message_id
        )
        return found

    async def recall(self, *letters: UUID | str) -> None:
        """What the relay's messages on klantcontact.hervat bring about."""
        await self.resumption.take([recalled(each) for each in letters])

    async def condemn(self, *letters: UUID) -> None:
        """What is done where they ended the program each time."""
        await self.resumption.condemn([recalled(each) for each in letters])

    async def retry(self, letter: UUID, **changes: object) -> None:
        """Somebody retries it, with `changes` of its row, and it comes back."""
        await self.set(letter, toestand="hervat", **changes)
        await self.recall(letter)

    async def set(self, letter: UUID, **changes: object) -> None:
        row = dict(await self.letter(letter))
        given = row | changes
        assert given.keys() == row.keys()
        await self.pool.execute(
            "update dead_letter set toestand = $2, nieuw_id = $3, ook_verlopen = $4, versie = $5,"
            " opnieuw = $6, eerste = $7 where id = $1",
            letter,
            given["toestand"],
            given["nieuw_id"],
            given["ook_verlopen"],
            given["versie"],
            given["opnieuw"],
            given["eerste"],
        )

    async def edit(self, letter: UUID, content: bytes) -> None:
        """Somebody puts its content right."""
        await self.pool.execute(
            "insert into dead_letter_versie values ($1, 1, $2)", letter, content
        )
        await self.set(letter, versie=1)

    async def letter(self, letter: UUID) -> asyncpg.Record:
        (row,) = await self.pool.fetch("select * from dead_letter where id = $1", letter)
        return row

    async def told(self) -> list[dict[str, Any]]:
        """The events and replies that wait in the outbox, in order; `kind` is which."""
        rows = await self.pool.fetch(
            "select soort, inhoud from outbox where adres is not null order by id"
        )
        return [{"kind": row[0], **orjson.loads(row[1])} for row in rows]

    async def types(self, kind: str = "gebeurtenis") -> list[str]:
        return [
            each["type"].rpartition("-")[2] for each in await self.told() if each["kind"] == kind
        ]

    async def contacts(self) -> list[asyncpg.Record]:
        return await self.pool.fetch("select * from klantcontact order by id")
