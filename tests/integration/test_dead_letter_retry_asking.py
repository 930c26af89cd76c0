from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.put_away import RECALLED, laid, put
from tests.terminal import on_a_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from worker.postgres.pool import Pool

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

TOESTANDEN = "select toestand, count(*) from dead_letter group by 1 order by 1"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--all", "--group", "a/b/c"),
        ("--all", str(uuid4())),
        (str(uuid4()), "--code", "onverwacht"),
        (str(uuid4()), "--toestand", "wacht"),
        (str(uuid4()), "--rate", "5"),
        ("--all", "--rate", "0"),
        ("--all", "--rate", "-1"),
        ("--all", "--zaak", ""),
        ("--all", "--reason", ""),
        ("--all", "--reason", "x" * 2001),
        ("--all", "--reason", "\x1b[31m"),
        ("--all", "--reason", "\udcff"),
        ("--all", "--as", "jan\n"),
        ("geen-id",),
    ],
)
def test_wrong_usage_does_nothing(
    run: Run, database: str, rows: Rows, arguments: tuple[str, ...]
) -> None:
    laid(database)
    assert "Traceback" not in run("dead-letters", "retry", *arguments, code=2).stderr
    assert rows(TOESTANDEN) == [("open", 1)]


def test_a_toestand_that_nothing_can_be_retried_from_is_refused(run: Run) -> None:
    said = run("dead-letters", "retry", "--all", "--toestand", "hervat", code=2).stderr
    assert said == "Error: --toestand takes open, wacht or alle here\n"


def test_nothing_to_retry_is_no_failure(run: Run) -> None:
    assert run("dead-letters", "retry", "--all").stdout == "Nothing to retry.\n"


def test_more_than_a_hundred_are_not_retried_where_nobody_can_be_asked(
    run: Run, database: str, rows: Rows
) -> None:
    laid(database, 101)
    said = run("dead-letters", "retry", "--all", code=1, given=b"y\n").stderr
    assert said == "Error: this is about 101 dead letters: add --yes, and they are retried\n"
    assert rows(TOESTANDEN) == [("open", 101)]
    run("dead-letters", "retry", "--all", "--yes", "--json")
    assert rows(TOESTANDEN) == [("hervat", 101)]


@pytest.mark.parametrize("columns", [80, 40])
async def test_somebody_at_a_terminal_is_asked(
    pool: Pool, environment: dict[str, str], columns: int
) -> None:
    await put(pool, 101)

    async def answer(typed: bytes) -> tuple[int, str]:
        arguments = ("dead-letters", "retry", "--all")
        return await on_a_terminal(
            *arguments, environment=environment, columns=columns, typed=typed
        )

    code, seen = await answer(b"n\n")
    assert code == 1
    assert "Retry 101 dead letters? [y/N]:" in seen
    assert "nothing was retried" in seen
    code, seen = await answer(b"y\n")
    assert code == 0
    assert "101/101" in seen
    assert "101 retried." in seen
    assert len(await pool.fetch(RECALLED)) == 101


def test_a_database_that_is_down_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLANTCONTACT_POSTGRES_URL", "postgresql://x@127.0.0.1:1/y")
    for arguments in (("--all",), (str(uuid4()),)):
        result = run("dead-letters", "retry", *arguments, code=1)
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        assert line.startswith("Error: PostgreSQL does not answer")
