from __future__ import annotations

import asyncio
import json
import os
import stat
from base64 import b64decode
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from tests.contacts import TOELICHTING, body, delivery
from tests.dead_letters import put_away
from tests.many_dead_letters import fill
from worker.errors import Code, Violation
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

CLOSED = Violation(Code.ZAAK_AFGESLOTEN, "the zaak has an end date", "zaak")
MADE_UP = Violation(Code.ONGELDIG, "not in the contract", "Jan de Vries", made_up=True)
NO_TEXT = bytes(range(256))
COUNT = 1200


@pytest.fixture
def closed(database: str) -> str:
    """Its body holds a toelichting, its headers a token."""
    return str(put_away(database, delivery(message_id="m-1"), CLOSED))


@pytest.fixture
def pipe(tmp_path: Path) -> None:
    """Something that is neither a file nor a folder, in the folder that the commands run in."""
    os.mkfifo(tmp_path / "pijp")


@pytest.fixture
def many(database: str) -> None:
    """More than are taken at a time."""

    async def make() -> None:
        async with connected(database, size=1) as pool:
            await fill(pool, COUNT)

    asyncio.run(make())


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_without_reveal_it_is_what_is_known_and_the_problem(
    run: Run, rows: Rows, closed: str
) -> None:
    result = run("dead-letters", "export", closed)
    (one,) = _lines(result.stdout)
    assert (one["id"], one["berichtId"], one["toestand"]) == (closed, "m-1", "open")
    assert one["probleem"]["errors"][0]["code"] == "zaak-afgesloten"
    assert not {"body", "headers", "properties"} & one.keys()
    assert TOELICHTING not in result.stdout
    assert rows("select * from dead_letter_handeling") == []
    assert result.stderr == "1 dead letter exported.\n"


def test_a_field_that_the_sender_made_up_is_told_with_reveal_only(run: Run, database: str) -> None:
    made_up = str(put_away(database, delivery(body(**{"Jan de Vries": 1})), MADE_UP))
    assert "Jan de Vries" not in run("dead-letters", "export", made_up).stdout
    (one,) = _lines(run("dead-letters", "export", made_up, "--reveal").stdout)
    assert one["probleem"]["errors"][0]["field"] == "Jan de Vries"


def test_what_is_revealed_is_on_record_with_who_and_why(run: Run, rows: Rows, closed: str) -> None:
    revealed = ("--reveal", "--as", "jan", "--reason", "voor de leverancier")
    (one,) = _lines(run("dead-letters", "export", closed, *revealed).stdout)
    assert json.loads(one["body"])["toelichting"] == TOELICHTING
    assert one["properties"]["message_id"] == "m-1"
    handled = rows("select dead_letter::text, handeling, door, reden from dead_letter_handeling")
    assert handled == [(closed, "export", "jan", "voor de leverancier")]


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
def test_a_token_is_never_exported(run: Run, database: str, tmp_path: Path, name: str) -> None:
    sent = delivery(headers={name: "Bearer geheim", "soort": "test"})
    identity = str(put_away(database, sent, CLOSED))
    shown = run("dead-letters", "export", identity, "--reveal").stdout
    assert _lines(shown)[0]["headers"] == {"soort": "test"}
    run("dead-letters", "export", identity, "--reveal", "--folder", "uit")
    for text in (shown, (tmp_path / "uit" / f"{identity}.json").read_text()):
        assert "geheim" not in text


def test_a_body_that_is_no_text_comes_out_to_the_byte(
    run: Run, database: str, tmp_path: Path
) -> None:
    identity = str(put_away(database, delivery(NO_TEXT), CLOSED))
    (one,) = _lines(run("dead-letters", "export", identity, "--reveal").stdout)
    assert b64decode(one["bodyBase64"]) == NO_TEXT
    run("dead-letters", "export", identity, "--reveal", "--folder", "uit")
    assert (tmp_path / "uit" / f"{identity}.body").read_bytes() == NO_TEXT


def test_what_was_edited_comes_out_beside_what_came(
    run: Run, rows: Rows, tmp_path: Path, closed: str
) -> None:
    rows("insert into dead_letter_versie select id, 1, '{}' from dead_letter returning 1")
    rows("update dead_letter set versie = 1 returning 1")
    (one,) = _lines(run("dead-letters", "export", closed, "--reveal").stdout)
    assert (one["versie"], one["bewerkt"]) == (1, "{}")
    run("dead-letters", "export", closed, "--reveal", "--folder", "uit")
    assert (tmp_path / "uit" / f"{closed}.bewerkt.json").read_bytes() == b"{}"


@pytest.mark.usefixtures("many")
def test_all_of_a_choice_are_written_page_by_page_each_once_and_on_record(
    run: Run, rows: Rows, tmp_path: Path
) -> None:
    everything = ("--all", "--toestand", "alle", "--reveal", "--output", "uit.jsonl")
    result = run("dead-letters", "export", *everything)
    assert result.stdout == f"{COUNT} dead letters exported to uit.jsonl.\n"
    written = [each["id"] for each in _lines((tmp_path / "uit.jsonl").read_text())]
    there = rows("select id::text from dead_letter order by laatste desc, id desc")
    assert written == [row[0] for row in there]
    assert rows("select count(distinct dead_letter), count(*) from dead_letter_handeling") == [
        (COUNT, COUNT)
    ]


@pytest.mark.usefixtures("many")
def test_a_group_and_filters_choose_as_in_a_list(run: Run) -> None:
    name = "zaak-onbekend/registratie.balie/zaak"
    for choice in (
        ("--group", name),
        ("--all", "--code", "zaak-onbekend", "--applicatie", "balie"),
    ):
        exported = _lines(run("dead-letters", "export", *choice).stdout)
        assert {(each["group"], each["toestand"]) for each in exported} == {(name, "open")}


def test_files_are_for_their_owner_alone_and_bear_their_name_when_whole(
    run: Run, tmp_path: Path, closed: str
) -> None:
    old = tmp_path / "uit.jsonl"
    old.write_text("oud")
    old.chmod(0o644)
    run("dead-letters", "export", closed, "--reveal", "--output", "uit.jsonl")
    run("dead-letters", "export", closed, "--reveal", "--folder", "uit")
    written = [old, *(tmp_path / "uit").iterdir()]
    assert sorted(each.name for each in written) == sorted(
        ["uit.jsonl", f"{closed}.body", f"{closed}.json"]
    )
    assert {_mode(each) for each in written} == {0o600}
    assert _mode(tmp_path / "uit") == 0o700
    assert [each.name for each in tmp_path.glob(".*")] == []


def test_an_id_that_is_not_there_leaves_everything_as_it_was(
    run: Run, rows: Rows, tmp_path: Path, closed: str
) -> None:
    (tmp_path / "uit.jsonl").write_text("oud")
    missing = str(uuid4())
    for where in (("--output", "uit.jsonl"), ("--folder", "uit"), ()):
        result = run("dead-letters", "export", closed, missing, "--reveal", *where, code=1)
        assert result.stderr == f"Error: there is no dead letter {missing}; nothing was written\n"
        assert result.stdout == ""
    assert [each.name for each in tmp_path.glob("*uit*")] == ["uit.jsonl"]
    assert (tmp_path / "uit.jsonl").read_text() == "oud"
    assert rows("select * from dead_letter_handeling") == []


def test_what_cannot_be_written_whole_leaves_no_part_of_it(
    run: Run, rows: Rows, tmp_path: Path, closed: str
) -> None:
    (tmp_path / "uit.jsonl").write_text("oud")
    rows("alter table dead_letter_handeling rename to weg")
    result = run("dead-letters", "export", closed, "--reveal", "--output", "uit.jsonl", code=1)
    assert "PostgreSQL refuses" in result.stderr
    assert [each.name for each in tmp_path.iterdir() if "uit" in each.name] == ["uit.jsonl"]
    assert (tmp_path / "uit.jsonl").read_text() == "oud"


@pytest.mark.usefixtures("pipe")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--output", "pijp"), 1, "it is no file"),
        (("--output", "a/b"), 1, "a/b cannot be written"),
        (("--folder", "pijp"), 1, "pijp cannot be written"),
        (("--output", "a", "--folder", "b"), 2, "not both"),
        (("--json",), 2, "--json goes with"),
        (("--all",), 2, "one of the three"),
        (("--code", "onverwacht"), 2, "filters go with"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_cannot_be_exported_is_a_clear_line(
    run: Run, closed: str, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = run("dead-letters", "export", closed, *arguments, code=code)
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_nothing_to_export_is_said_and_no_failure(run: Run, tmp_path: Path) -> None:
    result = run("dead-letters", "export", "--all", "--output", "uit.jsonl", "--json")
    assert json.loads(result.stdout) == {"exported": 0, "to": "uit.jsonl"}
    assert (tmp_path / "uit.jsonl").read_bytes() == b""
    assert run("dead-letters", "export", "--all").stderr == "0 dead letters exported.\n"


def test_an_id_that_is_named_twice_is_exported_once(run: Run, closed: str) -> None:
    (one,) = _lines(run("dead-letters", "export", closed, closed).stdout)
    assert UUID(one["id"]) == UUID(closed)
