"""A zaak whose betrokkenen were told of a klantcontact, and what became of each mail."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.contacts import NOW
from tests.facts import TIME, betrokkene, fill, zaak, zaaktype
from tests.registering import ANNOUNCER, store
from tests.registrations import registration
from worker.postgres.mail_letters import FailedMail, put_failed
from worker.postgres.pool import connected, transaction
from worker.postgres.told import Attempt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta
    from uuid import UUID

    from worker.postgres.pool import Connection, Pool

ANNA = betrokkene(identificatie="burger-01", naam="Anna Voorbeeld", email="anna@example.nl")
KEES = betrokkene(
    identificatie="gemachtigde-01",
    rol="gemachtigde",
    naam="Kees Gemachtigde",
    email="kees@example.nl",
)
DOOF = betrokkene(identificatie="buur-01", rol="belanghebbende", notificaties=False)
ANSWER = "550 5.1.1 <anna@example.nl>: no such user"
BYTES = b"Subject: x\r\nMessage-ID: <een@example.nl>\r\n\r\nAnna"


@dataclass
class Post:
    """Contacts told of, and mails that come to their ends."""

    database: str

    def does(self, work: Callable[[Pool], Awaitable[Any]]) -> Any:  # noqa: ANN401 (whatever it gives)
        async def doing() -> Any:  # noqa: ANN401 (the same)
            async with connected(self.database, size=2) as pool:
                return await work(pool)

        return asyncio.run(doing())

    def contact(self, *people: dict[str, Any]) -> UUID:
        """One klantcontact of a zaak with these people; without any, as the zaak is."""

        async def tell(pool: Pool) -> UUID:
            if people:
                await fill(pool)
                await fill(pool, zaak(betrokkenen=list(people)))
            asked = registration()
            await store(pool, asked)
            await pool.execute("delete from outbox")
            return asked.id

        found: UUID = self.does(tell)
        return found

    def mail(self, who: str = ANNA["identificatie"]) -> UUID:
        """The newest mail to somebody."""

        async def ask(pool: Pool) -> UUID:
            found: UUID = await pool.fetchval(
                "select mail from notificatie where betrokkene = $1 order by mail desc limit 1", who
            )
            return found

        found: UUID = self.does(ask)
        return found

    def ends(self, mail: UUID, toestand: str, code: int | None = None, words: str = "") -> None:
        """An attempt that leaves it in `toestand`, with its dead letter if it is at its end."""

        async def end(pool: Pool) -> None:
            async with transaction(pool) as connection:
                await connection.execute(
                    """
                    update mail set toestand = $2, code = $3, antwoord = $4, bytes = $5,
                        sjabloon = 'ab12', pogingen = pogingen + 1,
                        verzonden = case when $2 = 'verzonden' then $6::timestamptz end,
                        opnieuw = case when $2 = 'uitgesteld' then $6 + interval '5 min' end
                    where id = $1
                    """,
                    mail,
                    toestand,
                    code,
                    words or None,
                    BYTES,
                    NOW,
                )
                if toestand not in {"wacht", "aangeboden", "bezig"}:
                    await _hear(connection, mail, Attempt(NOW, toestand, code, None, words))
                if toestand in {"mislukt", "onzeker"}:
                    await put_failed(connection, [FailedMail(mail, "because")], NOW, ANNOUNCER)
            await pool.execute("delete from outbox")

        self.does(end)

    def comes_back(self, mail: UUID, *, marks: bool = True) -> None:
        """It was sent, and a report says that nobody is there."""
        self.ends(mail, "verzonden", 250)
        self.ends(mail, "mislukt", 550, ANSWER)

        async def report(pool: Pool) -> None:
            await pool.execute(
                """
                update mail_poging set toestand = 'teruggekomen', status = '5.1.1',
                    moment = moment + interval '1 hour'
                where mail = $1 and toestand = 'mislukt'
                """,
                mail,
            )
            if marks:
                await pool.execute(
                    """
                    insert into onbestelbaar (adres, mail, status, moment)
                    select lower(adres), id, '5.1.1', $2 from mail where id = $1
                    """,
                    mail,
                    NOW,
                )

        self.does(report)

    def report(self, mail: UUID, toestand: str, status: str, after: timedelta) -> None:
        """A report that changes nothing of the mail."""

        async def put(pool: Pool) -> None:
            async with transaction(pool) as connection:
                await _hear(connection, mail, Attempt(NOW + after, toestand, None, status, "later"))

        self.does(put)

    def now_are(self, *people: dict[str, Any], **changes: object) -> None:
        """New facts of the zaak, and of its zaaktype."""

        async def put(pool: Pool) -> None:
            await fill(pool, zaaktype(**changes), zaak(betrokkenen=list(people)), time=NOW)

        assert NOW > TIME
        self.does(put)


async def _hear(connection: Connection, mail: UUID, heard: Attempt) -> None:
    await connection.execute(
        """
        insert into mail_poging (id, mail, moment, toestand, code, status, antwoord)
        values (gen_random_uuid(), $1, $2, $3, $4, $5, $6)
        """,
        mail,
        heard.moment,
        heard.toestand,
        heard.code,
        heard.status,
        heard.words,
    )
