"""A database of several hosts, some of which are of no use."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from worker.errors import Outage
from worker.postgres.migrating import migrate
from worker.postgres.pool import connected, session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.program import Ended

    Command = Callable[..., Awaitable[Ended]]

REFUSING = "127.0.0.1:1"


@contextmanager
def _taking() -> Iterator[socket.socket]:
    """A host that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@contextmanager
def _dropping() -> Iterator[socket.socket]:
    """A host that does not answer at all: its queue is full, so it drops what comes."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        clients = [socket.socket() for _ in range(4)]
        for each in clients:
            each.settimeout(0)
            each.connect_ex(listening.getsockname())
        try:
            yield listening
        finally:
            for each in clients:
                each.close()


def _before(url: str, *hosts: str) -> str:
    """`url` with other hosts before its own."""
    parts = urlsplit(url)
    login, _, own = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login}@{','.join((*hosts, own))}").geturl()


def _at(listening: socket.socket) -> str:
    return "{}:{}".format(*listening.getsockname())


@pytest.mark.parametrize("silence", [_taking, _dropping])
async def test_a_silent_host_is_passed_by(
    database: str, silence: Callable[[], AbstractContextManager[socket.socket]]
) -> None:
    with silence() as silent:
        async with connected(_before(database, _at(silent), REFUSING), size=1) as pool:
            assert await pool.fetchval("select 1") == 1


async def test_a_silent_host_is_waited_for_once(database: str) -> None:
    with _taking() as silent:
        silent.settimeout(0)
        url = _before(database, _at(silent))
        for _ in range(3):
            async with connected(url, size=2) as pool, session(pool), session(pool):
                pass
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


async def test_each_host_that_cannot_be_used_is_named_with_its_reason(
    database: str, administer: Callable[[str], None]
) -> None:
    name = database.rpartition("/")[2]
    administer(f"alter database {name} set default_transaction_read_only = on")
    own = urlsplit(database).netloc.rpartition("@")[2]
    with pytest.raises(Outage) as caught:
        async with connected(_before(database, REFUSING), size=1):
            pass
    assert str(caught.value) == (
        "no host of KLANTCONTACT_POSTGRES_URL can be used: 127.0.0.1:1: PostgreSQL does not answer"
        f" (ConnectionRefusedError); is it up, and reachable?; {own}: PostgreSQL is not what"
        " target_session_attrs asks for: is it a standby?"
    )
    async with connected(f"{_before(database, REFUSING)}?target_session_attrs=any", size=1) as pool:
        assert await pool.fetchval("select 1") == 1


async def test_migrations_are_applied_on_the_host_that_takes_writes(empty_database: str) -> None:
    url = f"{_before(empty_database, REFUSING)}?target_session_attrs=read-write"
    assert await migrate(url)
    assert await migrate(url) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("migrate",),
        ("dead-letters", "groups"),
        ("dead-letters", "list"),
        ("notificaties", "list"),
        ("status", "--json"),
    ],
    ids=" ".join,
)
async def test_commands_take_a_url_of_several_hosts(
    database: str, command: Command, arguments: tuple[str, ...]
) -> None:
    ended = await command(*arguments, postgres_url=_before(database, REFUSING))
    assert (ended.code, "Error" in ended.err) == (0, False)
