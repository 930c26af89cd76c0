"""The commands, run within this process, and one contact for them to show."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from tests.contacts import NOW
from tests.database_roles import MIGRATE, as_role, run_file, set_passwords
from tests.facts import betrokkene, fill, register, zaak
from tests.registering import registrations
from tests.registrations import accepted, registration
from worker.cli import app
from worker.postgres.migrating import migrate
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from worker.registration import Registration

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

DOCUMENTS = [
    {"titel": "notitie", "formaat": "text/plain", "inhoud": "aGFsbG8="},
    {
        "titel": "opname",
        "formaat": "audio/ogg",
        "url": "https://opnames.example.nl/1",
        "sha256": "ab" * 32,
    },
]


@pytest.fixture
def run(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `klantcontact …`; the exit status must be as said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def invoke(*arguments: str, code: int = 0, given: bytes | None = None) -> Result:
        result = CliRunner().invoke(app, arguments, input=given)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return invoke


@pytest.fixture
def registered(database: str) -> Registration:
    """One contact in the dossier, with every field that a contact can have."""
    asked = registration(
        onderwerp="[bold]dakkapel[/bold]",
        gesprekspartners=[{"rol": "klant", "naam": "Voorbeeld Burger"}, {"rol": "tolk"}],
        uitkomst={"gelukt": False, "omschrijving": "niet thuis"},
        afspraken=[{"omschrijving": "terugbellen", "uiterlijk": "2026-12-01", "door": "gemeente"}],
        documenten=DOCUMENTS,
    )

    async def store() -> None:
        async with connected(database, size=2) as pool:
            people = [betrokkene(), betrokkene(identificatie="buur", email=None)]
            await fill(pool, *register(), zaak(betrokkenen=people))
            async with registrations(pool).transaction() as transaction:
                await transaction.claim([asked], NOW)
                facts = await transaction.facts([asked])
                await transaction.write([accepted(asked, facts)], NOW)

    asyncio.run(store())
    return asked


@pytest.fixture
def rows(database: str) -> Rows:
    """Asks the database."""

    async def fetch(query: str) -> list[tuple[Any, ...]]:
        async with connected(database, size=1) as pool:
            return [tuple(row) for row in await pool.fetch(query)]

    return lambda query: asyncio.run(fetch(query))


@pytest.fixture
def with_roles(empty_database: str, administer: Callable[[str], None]) -> str:
    """A database that was set up as docs/operations.md says; its administrator's URL."""
    run_file(empty_database)
    set_passwords(administer)
    asyncio.run(migrate(as_role(empty_database, MIGRATE)))
    run_file(as_role(empty_database, MIGRATE))
    return empty_database
