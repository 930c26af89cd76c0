"""What people changed in a message stays with the klantcontact that it became."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from tests.contacts import NOW, TOELICHTING, ZAAK, body, delivery
from tests.dead_letters import Desk
from tests.facts import fill
from tests.registering import registrations
from tests.registrations import accepted, registration
from tests.resuming import Resuming
from tests.statements import written_down
from worker.envelope import Resumed
from worker.postgres import schema
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from typer.testing import Result

    from tests.statements import Statements
    from worker.envelope import Delivery
    from worker.postgres.pool import Pool
    from worker.registration import Acceptance

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

WRONG = {"type": "phone", "toelichting": "Belt over de erker."}
HERSTEL = "select versie, door, reden, velden from herstel order by klantcontact, versie"


@pytest.fixture
def desk(run: Run, rows: Rows, database: str, tmp_path: Path) -> Desk:
    """With a dead letter whose type is none of the contract's."""
    desk = Desk(run, rows, database, tmp_path)
    desk.letter = str(_with(database, lambda resuming: resuming.take(_sent())))
    return desk


def _sent(**changes: object) -> Delivery:
    return delivery(body(**{**WRONG, **changes}), message_id="m-1")


def _with(database: str, act: Callable[[Resuming], Awaitable[Any]]) -> Any:  # noqa: ANN401 (act's)
    """Something that the intake does, with the register filled."""

    async def within() -> object:
        async with connected(database, size=2) as pool:
            await fill(pool)
            return await act(Resuming(pool))

    return asyncio.run(within())


def _put_right(desk: Desk, *edits: tuple[str, ...]) -> str:
    """Edited, the last time to be retried; the id of the klantcontact that it becomes."""
    for each in edits[:-1]:
        desk.edit(*each)
    desk.edit(*edits[-1], "--retry")
    _with(desk.database, lambda resuming: resuming.recall(desk.letter))
    ((made,),) = desk.rows("select id::text from klantcontact")
    return str(made)


EDIT = ("--set", "type=call", "--set", f"toelichting={TOELICHTING}", "--as", "beheerder")


def test_a_klantcontact_names_who_changed_what_of_it_and_why(desk: Desk) -> None:
    made = _put_right(desk, (*EDIT, "--reason", "the sender asked for it"))
    page = desk.run("klantcontact", made).stdout
    for words in ("put right", "by beheerder: type, toelichting", "the sender asked for it"):
        assert words in page
    (edit,) = json.loads(desk.run("klantcontact", made, "--json").stdout)["herstel"]
    assert edit.pop("moment")
    assert edit == {
        "versie": 1,
        "door": "beheerder",
        "reden": "the sender asked for it",
        "velden": ["type", "toelichting"],
    }


def test_a_dossier_marks_what_was_put_right_and_by_whom(desk: Desk) -> None:
    _put_right(desk, EDIT)
    page = desk.run("dossier", ZAAK).stdout
    (line,) = [each for each in page.splitlines() if "put right" in each]
    assert line.rstrip().endswith("by beheerder")
    (contact,) = json.loads(desk.run("dossier", ZAAK, "--json").stdout)["klantcontacten"]
    assert [each["door"] for each in contact["herstel"]] == ["beheerder"]


def test_it_stays_when_the_dead_letter_is_removed(desk: Desk) -> None:
    made = _put_right(desk, EDIT)
    desk.rows("delete from dead_letter returning id")
    assert "by beheerder: type, toelichting" in desk.run("klantcontact", made).stdout


def test_every_edit_on_the_way_is_kept_in_order(desk: Desk) -> None:
    last = ("--set", f"toelichting={TOELICHTING}", "--as", "beheerder", "--reason", "vertypt")
    _put_right(desk, ("--set", "type=call", "--as", "piet"), last)
    assert desk.rows(HERSTEL) == [
        (1, "piet", None, ["type"]),
        (2, "beheerder", "vertypt", ["toelichting"]),
    ]


def test_no_value_is_kept_with_it(desk: Desk) -> None:
    _put_right(desk, EDIT)
    assert TOELICHTING not in str(desk.rows("select h::text from herstel as h"))


def test_a_klantcontact_of_a_message_as_it_came_names_nobody(desk: Desk) -> None:
    _with(desk.database, lambda resuming: resuming.take(delivery()))
    ((made,),) = desk.rows("select id::text from klantcontact")
    assert json.loads(desk.run("klantcontact", made, "--json").stdout)["herstel"] == []
    assert "put right" not in desk.run("klantcontact", made).stdout


def test_an_edit_of_what_the_sender_then_sent_right_is_not_of_the_klantcontact(desk: Desk) -> None:
    desk.edit(*EDIT)
    _with(desk.database, lambda resuming: resuming.take(_sent(type="call")))
    assert desk.rows("select toestand from dead_letter") == [("opgelost",)]
    assert desk.rows(HERSTEL) == []


async def _edited(pool: Pool, count: int) -> list[Acceptance]:
    """Registrations of dead letters, each with an edit in its history."""
    asked = [registration() for _ in range(count)]
    await pool.executemany(
        """
        with letter as (
            insert into dead_letter
                (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest,
                 headers, body, eerste, laatste, versie)
            values ($1, 'hervat', 'bericht-ongeldig', '{}', 'q', '', '', $3, '', '{}', '',
                    $2, $2, 1)
        )
        insert into dead_letter_handeling (id, dead_letter, handeling, door, moment, bijzonderheden)
        values (gen_random_uuid(), $1, 'edit', 'jan', $2, '{"versie": 1, "velden": ["type"]}')
        """,
        [(each.id, NOW, str(each.id)) for each in asked],
    )
    async with registrations(pool).transaction() as transaction:
        facts = await transaction.facts(asked)
    return [accepted(_resumed(each.id, each), facts) for each in asked]


def _resumed(letter: UUID, asked: Any) -> Any:  # noqa: ANN401 (a Registration)
    return replace(asked, resumed=Resumed(letter, 1, 1, asked.envelope.key, asked.digest, NOW))


async def _written(ran: Statements, judged: Sequence[Acceptance]) -> list[str]:
    async with registrations(ran.pool).transaction() as transaction:
        ran.ran.clear()
        await transaction.write(judged, NOW)
    return ran.texts


async def test_fifty_take_as_many_statements_as_one(database: str, pool: Pool) -> None:
    await fill(pool)
    async with written_down(database) as ran:
        one = await _written(ran, await _edited(pool, 1))
        fifty = await _written(ran, await _edited(pool, 50))
    assert await pool.fetchval("select count(*) from herstel") == 51
    assert fifty == one
    assert len([each for each in one if "herstel" in each]) == 1


async def test_where_nothing_was_edited_there_is_no_statement_for_it(
    database: str, pool: Pool
) -> None:
    await fill(pool)
    async with written_down(database) as ran:
        judged = [replace(each, registration=registration()) for each in await _edited(pool, 1)]
        assert not [each for each in await _written(ran, judged) if "herstel" in each]


async def test_migrating_takes_over_what_was_put_right_before(empty_database: str) -> None:
    files = sorted(schema.FILES.glob("*.sql"))
    before = [each for each in files if each.stem < "0010"]
    connection = await asyncpg.connect(empty_database)
    for each in before:
        await connection.execute(each.read_text(encoding="utf-8"))
    await connection.execute(_BEFORE)
    for each in files[len(before) :]:
        await connection.execute(each.read_text(encoding="utf-8"))
    rows = await connection.fetch("select klantcontact, door, velden from klantcontact.herstel")
    await connection.close()
    assert [tuple(row) for row in rows] == [(UUID(int=1), "jan", ["type"])]


_BEFORE = """
    set search_path to klantcontact;
    insert into klantcontact
        (id, datum_gezet, type, initiatief, taal, vertrouwelijk, opvoerder_soort,
         opvoerder_identificatie, correctie, applicatie, kanaal, geregistreerd)
        select ('00000000-0000-0000-0000-00000000000' || n)::uuid, now(), 'call', 'klant', 'nl',
            false, 'medewerker', 'm', false, 'a', 'a', now() from generate_series(1, 2) as n;
    insert into bericht
        (applicatie, bron, bericht_id, digest, klantcontact, geregistreerd, oorspronkelijk)
        values ('a', 'b', 'edited', 'new', '00000000-0000-0000-0000-000000000001', now(), 'old'),
            ('a', 'b', 'sent anew', 'new', '00000000-0000-0000-0000-000000000002', now(), null);
    insert into dead_letter
        (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest, headers, body,
         eerste, laatste, klantcontact, versie)
        select klantcontact, 'opgelost', 'bericht-ongeldig', '{}', 'q', applicatie, bron,
            bericht_id, 'old', '{}', '', now(), now(), klantcontact, 1 from bericht;
    insert into dead_letter_handeling
        (id, dead_letter, handeling, door, reden, moment, bijzonderheden)
        select gen_random_uuid(), id, 'edit', 'jan', 'vertypt', now(),
            '{"versie": 1, "velden": ["type"]}' from dead_letter;
    reset search_path;
"""
