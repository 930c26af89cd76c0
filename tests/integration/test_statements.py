"""A batch takes the same number of statements however many messages are in it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.contacts import NOW, ZAAK
from tests.facts import TIME, betrokkene, dated, fill, zaak
from tests.posted import due_mails, post
from tests.registering import ANNOUNCER, registrations
from tests.registrations import accepted, bound_by, refused, registration
from tests.statements import written_down
from worker.finishing import Finished
from worker.mailer import Answer, Result, Sent
from worker.postgres.mails import PostgresMails
from worker.postgres.outbox import PostgresOutbox
from worker.postgres.register import PostgresRegister

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime
    from uuid import UUID

    from tests.statements import Statements
    from worker.postgres.pool import Pool

    Act = Callable[[Pool, int], Awaitable[None]]

LATER = TIME + timedelta(hours=1)
DOCUMENT = {"titel": "notitie", "formaat": "text/plain", "inhoud": "aGFsbG8="}


@pytest.fixture
async def ran(database: str, pool: Pool) -> AsyncIterator[Statements]:
    await fill(pool)
    async with written_down(database) as statements:
        yield statements


async def _register(pool: Pool, count: int) -> None:
    """Half of them new, one registered before, the rest refused; each zaak its own."""
    asked = [
        bound_by(
            registration(f"{count}-{number}", zaak=f"{ZAAK}-{number}", documenten=[DOCUMENT]),
            f"{count}-{number}".encode(),
        )
        for number in range(count)
    ]
    async with registrations(pool).transaction() as transaction:
        await transaction.claim(asked, NOW)
        facts = await transaction.facts(asked)
        half = len(asked) // 2 + 1
        judged = [accepted(each, facts) for each in asked[:half]]
        rest = [refused(each) for each in [*asked[half:], registration("altijd")]]
        await transaction.write([*judged, *rest], NOW)


async def _many_zaken(pool: Pool, count: int) -> None:
    people = [betrokkene(), betrokkene(identificatie="buur", email="buur@example.nl")]
    facts = [
        dated(zaak(identificatie=f"{ZAAK}-{number}", betrokkenen=people), LATER)
        for number in range(count)
    ]
    assert await PostgresRegister(pool).put(facts, [], NOW, "zaaksysteem") == count


async def _statements(ran: Statements, act: Act, count: int) -> list[str]:
    ran.ran.clear()
    await act(ran.pool, count)
    return ran.texts


@pytest.mark.parametrize("act", [_register, _many_zaken], ids=["registrations", "zaken"])
async def test_a_hundred_take_as_many_statements_as_one(
    ran: Statements, pool: Pool, act: Act
) -> None:
    await _many_zaken(pool, 100)
    one, hundred = [await _statements(ran, act, count) for count in (1, 100)]
    assert hundred == one
    assert len(hundred) < 20


async def test_a_relay_takes_the_same_statements_for_one_mail_and_for_many(
    ran: Statements, pool: Pool
) -> None:
    outbox = PostgresOutbox(ran.pool, ANNOUNCER)
    rounds = []
    for count in (1, 50):
        await post(pool, count)
        ran.ran.clear()
        due = await due_mails(outbox, NOW, NOW + timedelta(hours=1), 100)
        assert len(due) == count
        finished = [Finished(each.facts.mail, "a@example.nl", b"x", "s") for each in due]
        await outbox.freeze(finished, LATER)
        await outbox.settle([each.row for each in due], [], NOW)
        await outbox.sweep(TIME, LATER)
        rounds.append(ran.texts)
    assert rounds[0] == rounds[1]


async def _mailed(ran: Statements, posted: list[UUID], sent: Sent, again: datetime | None) -> None:
    """Claimed, and each with that answer."""
    await ran.pool.execute("update mail set toestand = 'aangeboden'")
    mails = PostgresMails(ran.pool, ANNOUNCER)
    ran.ran.clear()
    claims = await mails.claim(posted, LATER, LATER)
    answer = Answer(sent, "words", 250)
    await mails.record(
        [Result(mail, answer, NOW, again, claim.ended) for mail, claim in claims.items()]
    )


@pytest.mark.parametrize(
    ("sent", "again", "most"),
    [(Sent.ACCEPTED, None, 2), (Sent.LATER, LATER, 2), (Sent.REFUSED, None, 8)],
    ids=["sent", "put off", "failed"],
)
async def test_a_mailer_takes_the_same_statements_for_one_mail_and_for_many(
    ran: Statements, pool: Pool, sent: Sent, again: datetime | None, most: int
) -> None:
    rounds = []
    for count in (1, 50):
        await _mailed(ran, await post(pool, count), sent, again)
        rounds.append(ran.texts)
    assert rounds[0] == rounds[1]
    assert len(rounds[0]) <= most
