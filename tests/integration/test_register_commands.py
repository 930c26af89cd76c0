from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import orjson

from tests.contacts import ZAAK
from tests.facts import fill, register, zaak, zaaktype
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from typer.testing import Result

    from worker.registration import Registration

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]


def test_an_import_reports_bad_lines_by_number_and_stores_the_others(
    run: Run, rows: Rows, tmp_path: Path
) -> None:
    lines = [*map(orjson.dumps, register()), b"{", orjson.dumps(zaak(kleur="x"))]
    file = tmp_path / "register.jsonl"
    file.write_bytes(b"\n".join(lines))
    result = run("register", "import", str(file), "--time", "now", code=1)
    assert "7 lines, 5 facts stored, 2 bad lines" in result.stdout
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["line 6", "line 7"]
    assert rows("select identificatie from zaak") == [(ZAAK,)]


def test_an_import_without_bad_lines_is_exit_status_0(run: Run, rows: Rows, tmp_path: Path) -> None:
    file = tmp_path / "register.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, register())))
    moment = "2026-11-01T00:00:00+01:00"
    document = json.loads(run("register", "import", str(file), "--time", moment, "--json").stdout)
    assert document == {"lines": 5, "stored": 5, "bad": []}
    assert rows("select distinct tijd::text from zaak") == [("2026-10-31 23:00:00+00",)]


def test_more_bad_lines_than_a_person_reads_are_counted(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "register.jsonl"
    file.write_bytes(b"{\n" * 30)
    shown = run("register", "import", str(file), "--time", "now", code=1).stderr.splitlines()
    assert (len(shown), shown[-1]) == (21, "and 10 more; --json lists them all")
    listed = json.loads(run("register", "import", str(file), "--json", code=1).stdout)
    assert [each["line"] for each in listed["bad"]] == list(range(1, 31))


def test_a_time_that_is_none_is_a_clear_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "leeg").write_bytes(b"")
    result = run("register", "import", str(tmp_path / "leeg"), "--time", "gisteren", code=2)
    assert "ISO 8601" in result.stderr


def test_what_the_process_owner_decides_is_shown_with_who_and_when(
    run: Run, registered: Registration, rows: Rows
) -> None:
    del registered
    done = run(
        "register", "set", "zaaktype", "omgevingsvergunning",
        "--klantcontacten", "uit", "--notificaties", "uit", "--behandelaar", "uit",
        "--as", "eigenaar",
    )  # fmt: skip
    assert "register show zaaktype" in done.stdout
    (shown,) = json.loads(run("register", "show", "zaaktype", "--json").stdout)
    assert (shown["klantcontacten"], shown["notificaties"]) == (False, False)
    assert shown["notificatiesBehandelaar"] is False
    assert shown["door"] == "eigenaar"
    on_record = rows("select door from zaaktype_besluit order by moment")
    assert on_record == [("beheerder",), ("eigenaar",)] or ("eigenaar",) in on_record
    table = run("register", "show", "zaaktype").stdout
    assert "uit" in table
    assert "eigenaar" in table


def test_what_is_shown_of_a_zaak_can_be_read_in_80_columns(
    run: Run, registered: Registration, monkeypatch: pytest.MonkeyPatch
) -> None:
    del registered
    monkeypatch.setenv("COLUMNS", "80")
    first, *others = run("register", "show", "zaak").stdout.splitlines()
    assert first.startswith(f"{ZAAK}  ")
    assert len(others) == 2
    assert "  vertrouwelijkheidaanduiding zaakvertrouwelijk  " in others[1]
    assert all(len(line) <= 80 for line in (first, *others))


def test_every_kind_of_fact_can_be_shown(run: Run, registered: Registration) -> None:
    del registered
    for kind in ("zaak", "applicatie", "autorisatie"):
        assert run("register", "show", kind).stdout
        assert json.loads(run("register", "show", kind, "--json").stdout)


def test_a_zaaktype_that_was_never_decided_on_is_shown_too(run: Run, database: str) -> None:
    async def store() -> None:
        async with connected(database, size=1) as pool:
            await fill(pool, zaaktype(klantcontactenToegestaan=False))

    asyncio.run(store())
    assert json.loads(run("register", "show", "zaaktype", "--json").stdout)[0]["door"]
