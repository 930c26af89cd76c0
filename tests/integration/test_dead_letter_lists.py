from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.contacts import TOELICHTING, ZAAK, body, delivery, opvoerder
from tests.dead_letters import put_away
from tests.many_dead_letters import fill
from worker.errors import Code, Violation
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

CLOSED = Violation(Code.ZAAK_AFGESLOTEN, "the zaak has an end date", "zaak")
NAMES = {"naam": "Voorbeeld Medewerker"}


def _listed(run: Run, *arguments: str) -> list[dict[str, Any]]:
    found = json.loads(run("dead-letters", "list", "--json", *arguments).stdout)
    letters: list[dict[str, Any]] = found["deadLetters"]
    return letters


@pytest.fixture
def closed(database: str) -> UUID:
    """One of a closed zaak, with names in its body."""
    return put_away(
        database, delivery(body(opvoerder=opvoerder(**NAMES)), message_id="m-1"), CLOSED
    )


@pytest.fixture
def many(database: str) -> None:
    async def make() -> None:
        async with connected(database, size=1) as pool:
            await fill(pool, 200)

    asyncio.run(make())


def test_a_list_says_of_each_what_it_takes_to_find_it(run: Run, rows: Rows, closed: UUID) -> None:
    rows("update dead_letter set aantal = 3, zaak = 'ZAAK-2026-0000001', veld = 'zaak' returning 1")
    shown = run("dead-letters", "list").stdout
    for words in (
        str(closed),
        "zaak-afgesloten",
        "2026-11-23 13:00 (",
        "registratie.callcenter  callcenter",
        ZAAK,
        "message m-1",
        "field zaak",
        "refused 3 times since 2026-11-23 13:00",
        "klantcontact dead-letters show ID",
    ):
        assert words in shown


def test_nothing_of_a_body_is_in_a_list(run: Run, closed: UUID) -> None:
    for arguments in ((), ("--json",)):
        shown = run("dead-letters", "list", *arguments).stdout
        assert str(closed) in shown
        assert TOELICHTING not in shown
        assert NAMES["naam"] not in shown


def test_what_waits_says_when_it_is_due(run: Run, rows: Rows, closed: UUID) -> None:
    rows(
        "update dead_letter set toestand = 'wacht',"
        " opnieuw = now() + interval '90 minutes' returning 1"
    )
    assert "(in 1 h)" in run("dead-letters", "list", "--toestand", "wacht").stdout
    (one,) = _listed(run, "--toestand", "wacht")
    assert (one["id"], one["toestand"]) == (str(closed), "wacht")
    rows("update dead_letter set opnieuw = now() returning 1")
    assert "(now)" in run("dead-letters", "list", "--toestand", "wacht").stdout


def test_what_was_put_right_says_which_klantcontact_it_became(
    run: Run, rows: Rows, closed: UUID
) -> None:
    ((became,),) = rows(
        "update dead_letter set toestand = 'opgelost', klantcontact = gen_random_uuid(),"
        " versie = 2, veld = '?' returning klantcontact"
    )
    shown = run("dead-letters", "list", "--toestand", "alle").stdout
    for words in (str(closed), "opgelost", str(became), "edited, version 2", "sender's own"):
        assert words in shown


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (("--code", "zaak-afgesloten"), ["m-1"]),
        (("--code", "onverwacht"), []),
        (("--queue", "registratie.balie"), ["m-2"]),
        (("--queue", "klantcontact.registratie.balie"), ["m-2"]),
        (("--applicatie", "balie"), ["m-2"]),
        (("--group", "bericht-ongeldig/registratie.balie/type"), ["m-2"]),
        (("--zaak", "ZAAK-1"), []),
        (("--since", "2026-11-23T13:00"), ["m-2", "m-1"]),
        (("--since", "2026-11-23T13:01"), []),
        (("--until", "2026-11-23T13:00"), []),
        (("--toestand", "gearchiveerd"), []),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_filters_leave_what_they_say(
    run: Run, database: str, arguments: tuple[str, ...], left: list[str]
) -> None:
    ongeldig = Violation(Code.ONGELDIG, "not one of", "type")
    at_the_desk = "klantcontact.registratie.balie"
    put_away(database, delivery(message_id="m-2", queue=at_the_desk, user_id="balie"), ongeldig)
    assert sorted(each["berichtId"] for each in _listed(run, *arguments)) == sorted(left)


@pytest.mark.usefixtures("many")
def test_pages_by_their_hints_hold_each_once_and_the_newest_first(run: Run) -> None:
    pages: list[dict[str, Any]] = [{"deadLetters": [], "next": None}]
    arguments = ("dead-letters", "list", "--toestand", "alle", "--limit", "30", "--json")
    for _ in range(7):
        after = ("--after", pages[-1]["next"]) if pages[-1]["next"] else ()
        pages.append(json.loads(run(*arguments, *after).stdout))
    assert pages[-1]["next"] is None
    seen = [each for page in pages for each in page["deadLetters"]]
    assert len({each["id"] for each in seen}) == len(seen) == 200
    moments = [each["laatste"] for each in seen]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("columns", [80, 40])
def test_the_hint_is_the_command_that_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    filters = ("--code", "zaak-onbekend", "--limit", "3")
    shown = run("dead-letters", "list", *filters).stdout
    hint = shown.split("More:\n")[1].replace("\\\n", " ").split()
    assert hint[:7] == ["klantcontact", "dead-letters", "list", *filters]
    first, second = _listed(run, *filters), _listed(run, *hint[3:])
    assert hint[-1] == first[-1]["id"]
    assert not {each["id"] for each in first} & {each["id"] for each in second}


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("columns", [80, 40])
def test_a_list_fits_its_terminal_and_each_id_is_whole_on_a_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = run("dead-letters", "list", "--toestand", "alle").stdout.splitlines()
    assert max(len(line) for line in shown) <= columns
    for each in _listed(run, "--toestand", "alle"):
        assert any(each["id"] in line for line in shown)
        assert any(each["berichtId"] in line for line in shown)


def test_what_a_terminal_obeys_is_not_printed(run: Run, database: str) -> None:
    put_away(database, delivery(message_id="a\x1b]0;x\x07\u202eb"), CLOSED)
    shown = run("dead-letters", "list").stdout
    assert "message a?]0;x??b" in shown


def test_nothing_to_list_is_a_clear_line(run: Run) -> None:
    assert len(run("dead-letters", "list").stdout.splitlines()) == 1
    assert "No dead letters here" in run("dead-letters", "list", "--toestand", "alle").stdout
    empty = json.loads(run("dead-letters", "list", "--json").stdout)
    assert empty == {"deadLetters": [], "next": None}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--after", str(UUID(int=0))), 1, "there is no dead letter"),
        (("--code", "niets"), 2, "there is no code niets"),
        (("--group", "niets"), 2, "CODE/QUEUE/FIELD"),
        (("--toestand", "niets"), 2, "--toestand takes"),
        (("--since", "gisteren"), 2, "--since takes"),
        (("--zaak", "\udcff"), 2, "--zaak takes"),
        (("--limit", "0"), 2, "--limit"),
        (("--after", "niets"), 2, "--after"),
    ],
    ids=lambda each: ascii(" ".join(each)) if isinstance(each, tuple) else "",
)
def test_what_cannot_be_listed_is_a_clear_line(
    run: Run, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = run("dead-letters", "list", *arguments, code=code)
    assert says in result.stderr
    assert result.stdout == ""


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    "arguments",
    [("list", "--limit", "1000"), ("list", "--json"), ("groups",), ("export", "--all")],
    ids=" ".join,
)
def test_a_pipe_that_is_closed_early_ends_it_quietly(
    environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", "worker", "dead-letters", *arguments],
        env={**os.environ, **environment},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, b"")
