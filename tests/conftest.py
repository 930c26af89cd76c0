"""What tests stand on: one embedded stack a session, a database and empty queues a test."""

from __future__ import annotations

import asyncio
import os
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import hypothesis
import psycopg
import pytest

from tests import tokens
from tests.broker import Broker
from tests.database_roles import ROLES
from tests.databases import Databases
from tests.mails import Mails
from tests.program import MEASURED, Program, run
from worker.postgres.migrating import migrate
from worker.postgres.pool import connected
from worker.stack import chosen
from worker.stack.errors import StackError
from worker.stack.looking import default_root
from worker.stack.running import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from tests.program import Ended
    from worker.postgres.pool import Pool
    from worker.stack.state import StackState

# A busy machine makes nothing wrong; and what Hypothesis finds must be found again.
hypothesis.settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    print_blob=True,
)
hypothesis.settings.load_profile("patient")

# Whoever runs tests side by side sets it, and a console that is made meanwhile keeps it: here the
# width of a terminal is for the tests to say.
os.environ.pop("COLUMNS", None)

pytest_plugins = ["tests.versions"]
_NEEDED = "KLANTCONTACT_TEST_SERVICES"
"""Set by .ci/run: a machine on which no service can be started is a failure, not a skip."""
_TEMPLATE = "klantcontact_template"
_numbers = count(1)
_TIERS = ("unit", "integration", "acceptance")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's folder is its tier."""
    for item in items:
        tier = Path(item.path).relative_to(Path(__file__).parent).parts[0]
        if tier in _TIERS:
            item.add_marker(tier)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes that this test starts count for coverage."""
    monkeypatch.setenv(MEASURED, "1")


@pytest.fixture(scope="session")
def services(note_versions: Callable[[StackState], None]) -> Iterator[StackState]:
    """RabbitMQ, PostgreSQL and the mail catcher; ended with the session, whatever ends it."""
    # Tests that run side by side have services of their own.
    side = os.environ.get("PYTEST_XDIST_WORKER")
    entered = running(default_root(), f"tests-{side}" if side else "tests")
    try:
        state = entered.__enter__()
    except StackError as error:
        # Whoever asks for services, or a version of them, must not get a green run without.
        needed = os.environ.get("CI") == "true" or os.environ.get(_NEEDED)
        if needed or any(chosen.choice(os.environ).values()):
            raise
        pytest.skip(f"no embedded stack: {error}")
    try:
        note_versions(state)
        yield state
    finally:
        entered.__exit__(None, None, None)


def _named(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()


@pytest.fixture(scope="session")
def administer(services: StackState) -> Callable[[str], None]:
    """Runs a statement as PostgreSQL's superuser, outside any transaction."""

    def execute(statement: str) -> None:
        with psycopg.connect(services.postgres, autocommit=True) as connection:
            connection.execute(statement.encode())

    return execute


@pytest.fixture
def no_roles_stay(administer: Callable[[str], None]) -> Iterator[None]:
    """Roles are the server's, and would outlive the database of a test."""
    yield
    administer(f"drop role if exists {', '.join(ROLES)}")


@pytest.fixture(scope="session")
def template(services: StackState, administer: Callable[[str], None]) -> str:
    """The name of a database with the schema, to make others from."""
    administer(f"create database {_TEMPLATE}")
    asyncio.run(migrate(_named(services.postgres, _TEMPLATE)))
    return _TEMPLATE


@pytest.fixture
def empty_database(services: StackState, administer: Callable[[str], None]) -> Iterator[str]:
    """The URL of a database of the test's own, with nothing in it."""
    name = f"test_{next(_numbers)}"
    administer(f"create database {name}")
    yield _named(services.postgres, name)
    administer(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def databases(services: StackState, template: str, administer: Callable[[str], None]) -> Databases:
    return Databases(template, lambda name: _named(services.postgres, name), administer)


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """The URL of a database that nobody else has meanwhile, with the schema and no rows."""
    name = databases.take()
    yield databases.url(name)
    databases.give_back(name)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with connected(database, size=6) as opened:
        yield opened


@pytest.fixture
async def broker(services: StackState) -> AsyncIterator[Broker]:
    """The broker with every queue empty."""
    async with Broker(services) as opened:
        await opened.purge()
        yield opened


@pytest.fixture
def mails(services: StackState) -> Mails:
    """The mails that arrive from now on."""
    return Mails(services.mail_dir)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings that name the keys of tokens."""
    return tokens.write(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def environment(
    services: StackState, database: str, tmp_path: Path, keys: dict[str, str]
) -> dict[str, str]:
    """The settings for processes: this session's services, this test's database."""
    host, _, port = services.smtp.rpartition(":")
    return {
        "KLANTCONTACT_AMQP_URL": services.amqp,
        "KLANTCONTACT_POSTGRES_URL": database,
        "KLANTCONTACT_SMTP_HOST": host,
        "KLANTCONTACT_SMTP_PORT": port,
        "KLANTCONTACT_SMTP_CONNECTIONS": "2",
        "KLANTCONTACT_OUTAGE_PAUSE": "PT1S",
        "KLANTCONTACT_DEFERRALS": "PT0.1S",
        "KLANTCONTACT_MAIL_WINDOW": "PT0S",
        "KLANTCONTACT_LOG_FORMAT": "json",
        **keys,
        # Another stack on this machine is none of theirs.
        "KLANTCONTACT_STACK_DIR": str(tmp_path / "no-stack"),
    }


@pytest.fixture
def command(environment: dict[str, str]) -> Callable[..., Awaitable[Ended]]:
    """Runs `klantcontact …` to its end; keywords are settings."""

    async def execute(*arguments: str, given: bytes = b"", **settings: str) -> Ended:
        return await run(*arguments, environment=_with(environment, settings), given=given)

    return execute


@pytest.fixture
async def start(environment: dict[str, str]) -> AsyncIterator[Callable[..., Awaitable[Program]]]:
    """Starts `klantcontact worker`; at the end each must stop with exit status 0."""
    started: list[Program] = []

    async def begin(*arguments: str, **settings: str) -> Program:
        given = _with(environment, settings)
        started.append(await Program.start("worker", *arguments, environment=given))
        return started[-1]

    yield begin
    try:
        assert [await each.stop() for each in started] == [0] * len(started)
        assert "Traceback" not in "".join(each.err for each in started)
    finally:
        for each in started:
            await each.kill()


def _with(environment: dict[str, str], settings: dict[str, Any]) -> dict[str, str]:
    named = {f"KLANTCONTACT_{name.upper()}": str(value) for name, value in settings.items()}
    return {**environment, **named}
