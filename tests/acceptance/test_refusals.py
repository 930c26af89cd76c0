from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from tests.contacts import body
from tests.facts import fill
from tests.messages.refused import ALL, REGISTER, UNEXPECTED, Refused
from tests.waiting import until
from worker.errors import Code

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg
    import pytest

    from tests.broker import Broker
    from tests.mails import Mails
    from tests.program import Program
    from worker.postgres.pool import Pool

_GOOD = [f"goed-{number}" for number in range(len(ALL))]


async def _fails_on(pool: Pool, onderwerp: str) -> None:
    """Make the database refuse a klantcontact, as a constraint that nobody thought of would."""
    await pool.execute(
        f"""
        create function weiger() returns trigger language plpgsql as $$
        begin
            if new.onderwerp = '{onderwerp}' then raise exception 'geheim %', new.toelichting;
            end if;
            return new;
        end $$;
        create trigger weiger before insert on klantcontact
            for each row execute function weiger();
        """
    )


async def _recorded(pool: Pool) -> list[asyncpg.Record] | None:
    rows = await pool.fetch("select *, headers::text, probleem::text from dead_letter")
    registered = await pool.fetchval("select count(*) from klantcontact")
    return rows if len(rows) == len(ALL) and registered == len(_GOOD) else None


def _row_of(sent: Refused, rows: list[asyncpg.Record]) -> asyncpg.Record:
    (row,) = [
        row for row in rows if orjson.loads(row["headers"])["headers"]["x-eigen"] == sent.name
    ]
    return row


async def test_every_bad_message_is_a_dead_letter_and_its_neighbours_are_registered(
    pool: Pool,
    broker: Broker,
    mails: Mails,
    start: Callable[..., Awaitable[Program]],
    subtests: pytest.Subtests,
) -> None:
    await fill(pool, *REGISTER)
    await _fails_on(pool, UNEXPECTED)
    # All of it waits when the worker starts, so that good and bad come in one batch.
    for good, sent in zip(_GOOD, ALL, strict=True):
        await broker.publish(body(onderwerp=good), message_id=good)
        await broker.publish(sent.body, **sent.properties)
    program = await (await start("--role", "intake", intake_lanes=1, deferrals="")).ready(1)
    rows = await until(lambda: _recorded(pool), "everything on record")

    others = {Code.MAIL_MISLUKT, *(each for each in Code if each.startswith("broker-"))}
    assert {each.code for each in ALL} == set(Code) - others
    for sent in ALL:
        with subtests.test(sent.name):
            row = _row_of(sent, rows)
            problem = orjson.loads(row["probleem"])
            headers = orjson.loads(row["headers"])
            assert (row["code"], row["toestand"], row["aantal"]) == (sent.code, "open", 1)
            assert row["body"] == sent.body
            assert headers["message_id"] == sent.properties["message_id"]
            assert problem["type"] == f"urn:klantcontact:probleem:{sent.code}"
            assert problem["instance"] == f"urn:uuid:{row['id']}"
            assert sent.field in {each["field"] for each in problem["errors"]}
            assert set(problem) == {"type", "title", "status", "detail", "instance", "errors"}
    assert "geheim" not in "".join(program.raw)
    assert not mails.all()


async def test_a_message_that_comes_again_is_registered_once_and_its_refusal_counts_on(
    pool: Pool, broker: Broker, start: Callable[..., Awaitable[Program]]
) -> None:
    await fill(pool)
    for _ in range(3):
        await broker.publish(body(), message_id="een")
        await broker.publish(body(type="fax"), message_id="twee")
    await (await start("--role", "intake")).ready(1)

    async def counted() -> bool:
        return bool(await pool.fetchval("select aantal = 3 from dead_letter"))

    await until(counted, "the dead letter counts three")
    assert await pool.fetchval("select count(*) from klantcontact") == 1
