"""A database that cannot keep every character is refused before anything is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from worker.errors import Outage
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.program import Ended, Program
    from worker.stack.state import StackState


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def encoding(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def narrow(services: StackState, administer: Callable[[str], None], encoding: str) -> Iterator[str]:
    """The URL of a database in this encoding."""
    name = f"narrow_{encoding.lower()}"
    administer(
        f"create database {name} template template0 encoding '{encoding}'"
        " locale_provider libc locale 'C'"
    )
    yield urlsplit(services.postgres)._replace(path=f"/{name}").geturl()
    administer(f"drop database {name} with (force)")


async def test_a_database_that_is_not_in_utf8_is_not_migrated(
    narrow: str, encoding: str, command: Callable[..., Awaitable[Ended]]
) -> None:
    ended = await command("migrate", postgres_url=narrow)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"Error: the database keeps text in {encoding}, and the program needs UTF8: make it anew"
        " by `createdb --template template0 --encoding UTF8`, then `klantcontact migrate`\n"
    )


async def test_a_worker_takes_nothing_for_a_database_that_is_not_in_utf8(
    narrow: str, encoding: str, start: Callable[..., Awaitable[Program]]
) -> None:
    program = await start(postgres_url=narrow)
    for role in ("intake", "relay", "mailer", "sink"):
        line = await program.logged("uitval", rol=role)
        assert line["reden"].startswith(f"the database keeps text in {encoding}, and")


async def test_nobody_works_on_a_database_that_is_not_in_utf8(narrow: str, encoding: str) -> None:
    with pytest.raises(Outage, match=f"keeps text in {encoding}"):
        async with connected(narrow, size=1):
            pass
