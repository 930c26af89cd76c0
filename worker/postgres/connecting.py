"""Connections to the database: its hosts in turn, and what a session begins with."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from worker.errors import Outage
from worker.postgres.failures import FAILURES, not_let_in, stale
from worker.postgres.primary import Newest, Server, server
from worker.postgres.tls import each_host

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

_ONE_HOST_SECONDS: Final = 5.0
# With several: a host that is silent must leave the others their time, and all together what an
# outage may take.
_HOST_SECONDS: Final = 3.0
_ALL_SECONDS: Final = 6.0
_LOOK_SECONDS: Final = 2.0
_ENCODING: Final = "UTF8"
_URLS: Final = 4
_LOOKS: Final = 3
_OWN_PROCESS: Final = "select pg_backend_pid()"
_BY_TRANSACTION: Final = (
    "the pooler in front of PostgreSQL does not pool by session, and the program needs that"
    " (LISTEN, prepared statements, settings of a session): set pool_mode = session"
)


class Hosts:
    """The hosts of a URL: tried in turn, each with a limit of its own.

    The one that answered last comes first, so that a silent one is waited for once.
    """

    def __init__(self, url: str) -> None:
        self._urls = each_host(url)
        self._limit = (
            min(_HOST_SECONDS, _ALL_SECONDS / len(self._urls))
            if len(self._urls) > 1
            else _ONE_HOST_SECONDS
        )
        self._pools_by_session = False
        self._newest = Newest()

    async def connect(
        self,
        dsn: str | None = None,
        **options: Any,  # noqa: ANN401 (asyncpg's own, passed on)
    ) -> asyncpg.Connection[asyncpg.Record]:
        """A connection to the first host that can be used; raises Outage that names each.

        `dsn` is what a pool passes that was made without one.
        """
        del dsn
        connection, _url = await self.reach(**options)
        return connection

    async def reach(
        self,
        **options: Any,  # noqa: ANN401 (as above)
    ) -> tuple[asyncpg.Connection[asyncpg.Record], str]:
        """As `connect`; also the URL of that host alone."""
        failures: list[tuple[str, Exception]] = []
        for url in self._urls:
            try:
                connection = await asyncpg.connect(url, timeout=self._limit, **options)
            except FAILURES as error:
                failures.append((url, error))
            else:
                self._urls = [url, *(each for each in self._urls if each != url)]
                return connection, url
        raise self._unreachable(failures) from None

    async def look_around(self) -> None:
        """Note which server each host is, before one is used: an old primary is tried last.

        A host that cannot be asked now says nothing. Nothing is asked of the only one.
        """
        if len(self._urls) == 1:
            return
        asked = list(self._urls)
        found = dict(zip(asked, await asyncio.gather(*map(self._asked, asked)), strict=True))
        for each in found.values():
            self._newest.note(each)
        self._urls = sorted(self._urls, key=lambda url: self._newest.is_older(found.get(url)))

    async def _asked(self, url: str) -> Server | None:
        try:
            connection = await asyncpg.connect(
                url,
                timeout=_LOOK_SECONDS,
                command_timeout=_LOOK_SECONDS,
                target_session_attrs=SessionAttribute.any,
            )
            try:
                return await server(connection)
            finally:
                connection.terminate()
        except FAILURES:
            return None

    def _unreachable(self, failures: Sequence[tuple[str, Exception]]) -> Outage:
        if len(failures) == 1:
            return not_let_in(failures[0][1])
        told = "; ".join(f"{_host(url)}: {not_let_in(error)}" for url, error in failures)
        return Outage(f"no host of KLANTCONTACT_POSTGRES_URL can be used: {told}")

    async def check(self, connection: Connection) -> None:
        """Whether the program can work on this database and on the way to it; raises Outage."""
        # asyncpg has no types for what a server reports of itself.
        encoding: str = getattr(connection.get_settings(), "server_encoding", _ENCODING)
        if encoding != _ENCODING:
            raise Outage(
                f"the database keeps text in {encoding}, and the program needs UTF8: make it anew"
                " by `createdb --template template0 --encoding UTF8`, then `klantcontact migrate`"
            )
        await self._check_way(connection)
        if objection := self._newest.objection(await server(connection)):
            raise Outage(objection)

    async def _check_way(self, connection: Connection) -> None:
        if self._pools_by_session:
            return
        own = await connection.fetchval(_OWN_PROCESS)
        # A pooler gives each client a key of its own making: PostgreSQL's holds the process's id.
        if connection.get_server_pid() != own:
            await self._check_pooler(connection)
        self._pools_by_session = True

    async def _check_pooler(self, connection: Connection) -> None:
        """Whether a session keeps its process of PostgreSQL while another session works.

        Where a process is lent for a transaction, the other gets the one that was free, and keeps
        it as long as its transaction lasts.
        """
        try:
            other = await self.connect(command_timeout=_ONE_HOST_SECONDS)
            try:
                kept = await connection.fetchval(_OWN_PROCESS)
                await other.execute("begin")
                for _ in range(_LOOKS):
                    await other.fetchval(_OWN_PROCESS)
                    if await connection.fetchval(_OWN_PROCESS) != kept:
                        raise Outage(_BY_TRANSACTION)
            finally:
                other.terminate()
        except FAILURES as error:
            # What pools by statement ends the connection at the beginning of a transaction.
            if stale(error) or isinstance(error, asyncpg.ConnectionDoesNotExistError):
                raise Outage(f"{_BY_TRANSACTION} ({error})") from None
            if isinstance(error, TimeoutError):
                msg = "the pooler in front of PostgreSQL has no session left; make its pool larger"
                raise Outage(msg) from None
            raise


@lru_cache(maxsize=_URLS)
def hosts(url: str) -> Hosts:
    """Those of `url`, remembered for the process: its roles open their pools again and again."""
    return Hosts(url)


def beginning(deadline: timedelta, *, by_index: bool) -> str:
    """The statements that a session begins with.

    They are no parameters of the connection: a pooler passes on no parameters but its own few.
    """
    milliseconds = int(deadline.total_seconds() * 1000)
    settings = {
        "search_path": "klantcontact",
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
        **({"enable_seqscan": "off", "enable_bitmapscan": "off"} if by_index else {}),
    }
    return "; ".join(f"set {name} = {value}" for name, value in settings.items())


def _host(url: str) -> str:
    parts = urlsplit(url)
    listed = parts.netloc.rpartition("@")[2]
    return listed or ":".join(parse_qs(parts.query)["host"])
