from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from tests.put_away import laid, put
from tests.statements import written_down
from worker.clock import now
from worker.errors import UsageError
from worker.postgres.acting import ARCHIVE, RESTORE, Deed, act_on_ids, act_on_page
from worker.postgres.choosing import Choice
from worker.postgres.pages import Page
from worker.postgres.pool import transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from worker.postgres.acting import Act
    from worker.postgres.pool import Pool

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

TOESTANDEN = "select toestand, count(*) from dead_letter group by 1 order by 1"
HISTORY = "select dead_letter, handeling, door, reden from dead_letter_handeling order by id"
BOTH = pytest.mark.parametrize(
    "act", [("archive", "open", "gearchiveerd"), ("restore", "gearchiveerd", "open")]
)


def deed(act: Act) -> Deed:
    return Deed(act, "jan", None, now())


def test_what_is_archived_comes_back_and_both_are_on_record(
    run: Run, database: str, rows: Rows
) -> None:
    one, other = laid(database, 2)
    said = run("dead-letters", "archive", one, other, "--as", "jan", "--reason", "dubbel").stdout
    assert said.splitlines() == [
        "2 archived.",
        "Back to open: klantcontact dead-letters restore, with the same ids or filters",
    ]
    assert rows(TOESTANDEN) == [("gearchiveerd", 2)]
    said = run("dead-letters", "restore", one, "--as", "piet").stdout
    assert said.splitlines()[0] == "1 restored."
    assert rows(TOESTANDEN) == [("gearchiveerd", 1), ("open", 1)]
    assert sorted(rows(HISTORY)) == sorted(
        [
            (UUID(one), "archive", "jan", "dubbel"),
            (UUID(other), "archive", "jan", "dubbel"),
            (UUID(one), "restore", "piet", None),
        ]
    )


def test_what_waits_and_is_archived_does_not_come_by_itself(
    run: Run, database: str, rows: Rows
) -> None:
    later = now() + timedelta(hours=1)
    (one,) = laid(database, toestand="wacht", opnieuw=later)
    assert run("dead-letters", "archive", "--all").stdout == "Nothing to archive.\n"
    run("dead-letters", "archive", one)
    assert rows("select toestand, opnieuw from dead_letter") == [("gearchiveerd", None)]


@BOTH
def test_a_group_or_all_that_the_filters_leave(
    run: Run, database: str, rows: Rows, act: tuple[str, str, str]
) -> None:
    command, before, after = act
    laid(database, 2, toestand=before, code="onverwacht")
    laid(database, 1, toestand=before, zaak="ZAAK-1")
    laid(database, 1, toestand=before, zaak="ZAAK-2")
    laid(database, 1, toestand="opgelost", zaak="ZAAK-1")
    run("dead-letters", command, "--group", "onverwacht/registratie.callcenter/-")
    asked = ("--all", "--zaak", "ZAAK-1", "--json")
    document = json.loads(run("dead-letters", command, *asked).stdout)
    assert [*document.values()] == [1, 0, True]
    assert dict(rows(TOESTANDEN)) == {after: 3, before: 1, "opgelost": 1}


def test_one_that_cannot_be_archived_keeps_all_that_were_named(
    run: Run, database: str, rows: Rows
) -> None:
    became, unknown = uuid4(), uuid4()
    (good,) = laid(database)
    (resolved,) = laid(database, toestand="opgelost", klantcontact=became)
    (on_its_way,) = laid(database, toestand="hervat")
    (archived,) = laid(database, toestand="gearchiveerd")
    named = (good, str(unknown), resolved, on_its_way, archived)
    assert run("dead-letters", "archive", *named, code=1).stderr.splitlines() == [
        "Error: nothing was archived",
        f"{unknown}: there is no such dead letter",
        f"{resolved}: was resolved: it is klantcontact {became}",
        f"{on_its_way}: is on its way already; `dead-letters show` tells what became of it",
        f"{archived}: is archived already",
    ]
    assert run("dead-letters", "restore", archived, good, code=1).stderr.splitlines() == [
        "Error: nothing was restored",
        f"{good}: is not archived but open: leave it out",
    ]
    assert rows(HISTORY) == []


@BOTH
def test_more_than_a_hundred_are_left_where_nobody_can_be_asked(
    run: Run, database: str, rows: Rows, act: tuple[str, str, str]
) -> None:
    command, before, after = act
    laid(database, 601, toestand=before)
    said = run("dead-letters", command, "--all", code=1).stderr
    assert said.startswith("Error: this is about 601 dead letters: add --yes, and they are ")
    assert rows(TOESTANDEN) == [(before, 601)]
    run("dead-letters", command, "--all", "--yes")
    assert rows(TOESTANDEN) == [(after, 601)]


@pytest.mark.parametrize("command", ["archive", "restore"])
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--all", str(uuid4())),
        ("--all", "--group", "a/b/c"),
        ("--all", "--reason", "\x07"),
        (str(uuid4()), "--zaak", "ZAAK-1"),
    ],
)
def test_wrong_usage_does_nothing(run: Run, command: str, arguments: tuple[str, ...]) -> None:
    assert "Error" in run("dead-letters", command, *arguments, code=2).stderr


@BOTH
def test_what_came_after_the_command_began_is_left(
    run: Run, database: str, rows: Rows, act: tuple[str, str, str]
) -> None:
    command, before, after = act
    laid(database, 1, toestand=before, laatste=now() + timedelta(minutes=1))
    laid(database, 1, toestand=before)
    run("dead-letters", command, "--all")
    assert dict(rows(TOESTANDEN)) == {before: 1, after: 1}


@pytest.mark.parametrize("act", [ARCHIVE, RESTORE])
async def test_of_two_who_do_the_same_one_is_told(pool: Pool, act: Act) -> None:
    (one,) = await put(pool, toestand=act.before[0])
    ended = await asyncio.gather(
        *(act_on_ids(pool, [one], deed(act)) for _ in range(2)), return_exceptions=True
    )
    assert [isinstance(each, UsageError) for each in ended].count(True) == 1
    assert await pool.fetchval("select count(*) from dead_letter_handeling") == 1


async def test_what_is_in_other_hands_is_passed_over_and_not_waited_for(pool: Pool) -> None:
    one, other = await put(pool, 2)
    async with transaction(pool) as connection:
        await connection.execute("select from dead_letter where id = $1 for update", one)
        page = await act_on_page(pool, Choice(), deed(ARCHIVE), 10, None)
    assert page == Page((other,), 1, None)


async def test_a_page_takes_as_many_statements_as_one_dead_letter(
    pool: Pool, database: str
) -> None:
    await put(pool, 51)
    ran = []
    for most in (1, 50):
        async with written_down(database) as statements:
            page = await act_on_page(statements.pool, Choice(), deed(ARCHIVE), most, None)
            assert len(page.done) == most
        ran.append(statements.texts)
    assert ran[0] == ran[1]


@pytest.mark.parametrize("toestand", ["wacht", "open", "hervat", "opgelost", "gearchiveerd"])
def test_a_note_is_kept_with_any_dead_letter(
    run: Run, database: str, rows: Rows, toestand: str
) -> None:
    (one,) = laid(database, toestand=toestand)
    text = "de afzender is gebeld,\nen stuurt opnieuw \U0001f600"
    assert run("dead-letters", "note", one, f" {text}\n", "--as", "jan").stdout == f"{one}: noted\n"
    assert rows(HISTORY) == [(UUID(one), "note", "jan", text)]
    assert rows(TOESTANDEN) == [(toestand, 1)]


def test_a_note_in_json_is_one_document(run: Run, database: str) -> None:
    (one,) = laid(database)
    said = run("dead-letters", "note", one, "gebeld", "--as", "jan", "--json").stdout
    assert json.loads(said) == {"id": one, "note": "gebeld", "by": "jan"}


def test_a_note_on_nothing_is_a_failure(run: Run, rows: Rows) -> None:
    unknown = str(uuid4())
    said = run("dead-letters", "note", unknown, "gebeld", code=1).stderr
    assert said == f"Error: there is no dead letter {unknown}\n"
    assert rows(HISTORY) == []


@pytest.mark.parametrize("text", ["", " \n ", "x" * 2001, "a\x1b[31m", "a\tb", "a\rb", "\udcff"])
def test_a_note_that_says_nothing_or_steers_a_terminal_is_refused(
    run: Run, database: str, rows: Rows, text: str
) -> None:
    (one,) = laid(database)
    assert run("dead-letters", "note", one, text, code=2).stderr.startswith("Error: TEXT takes ")
    assert rows(HISTORY) == []


def test_a_note_of_the_greatest_length_is_kept_whole(run: Run, database: str, rows: Rows) -> None:
    (one,) = laid(database)
    run("dead-letters", "note", one, "é" * 2000)
    assert [len(each[3]) for each in rows(HISTORY)] == [2000]


def test_a_database_that_is_down_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLANTCONTACT_POSTGRES_URL", "postgresql://x@127.0.0.1:1/y")
    for arguments in (("archive", "--all"), ("restore", "--all"), ("note", str(uuid4()), "x")):
        (line,) = run("dead-letters", *arguments, code=1).stderr.splitlines()
        assert line.startswith("Error: PostgreSQL does not answer")
