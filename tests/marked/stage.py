"""Where the demo with marks is played: the program among services, and all that is to be seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from tests.marked.tokens import parts
from tests.marks import mark
from tests.waiting import until

if TYPE_CHECKING:
    from uuid import UUID

    from aio_pika.abc import AbstractQueue

    from tests.broker import Broker
    from tests.gossiping import Gossip
    from tests.program import Program
    from tests.proxy import Proxy
    from worker.postgres.pool import Pool

_PROBES: Final = ("livez", "readyz", "startupz", "metrics")
_AT_REST: Final = """
    select bool_and(toestand in ('verzonden', 'mislukt')) and not exists (select from outbox)
    from mail
"""

_TABLES: Final = "select quote_ident(tablename) from pg_tables where schemaname = 'klantcontact'"


def _plain(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


@dataclass
class Stage:
    """The services, each by a way that can be cut, and the program among them."""

    broker: Broker
    pool: Pool
    post: Gossip
    ways: dict[str, Proxy]
    events: AbstractQueue
    environment: dict[str, str]
    ports: list[int]
    programs: list[Program] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    """What was to be seen, by where."""
    tokens: list[str] = field(default_factory=list)

    def note(self, where: str, said: str) -> None:
        """Keep what was said somewhere."""
        self.said[where] = f"{self.said.get(where, '')}\n{said}"

    async def send(self, body: bytes, bearer: str, user: str, **properties: Any) -> None:  # noqa: ANN401 (as aio-pika has them)
        """Publish as a channel does, with a header of its own."""
        self.tokens += parts(bearer)
        headers = {"authorization": f"Bearer {bearer}", mark("kop"): mark("kopwaarde")}
        await self.broker.publish(body, user=user, headers=headers, **properties)

    async def logged(self, word: str) -> None:
        """Wait until one of the workers has said it."""

        async def said() -> bool:
            return any(word in line for each in self.programs for line in each.raw)

        await until(said, f"{word} in a log")

    async def hear(self) -> None:
        """Keep the events that wait for a subscriber."""
        while message := await self.events.get(no_ack=True, fail=False):
            self.note("events", f"{message.body.decode()} {message.properties}")

    async def count(self, query: str, at_least: int) -> None:
        """Wait until there are so many."""

        async def enough() -> bool:
            return bool(await self.pool.fetchval(f"select count(*) from {query}") >= at_least)  # noqa: S608 (the test's own)

        await until(enough, f"{at_least} of {query}")

    async def letters(self) -> dict[str, UUID]:
        """The dead letters, by the ids of their messages."""
        rows = await self.pool.fetch("select bericht_id, id from dead_letter")
        return {row["bericht_id"]: row["id"] for row in rows}

    async def stored(self) -> str:
        """Every value in the database."""
        tables = await self.pool.fetch(_TABLES)
        rows = [row for each in tables for row in await self.pool.fetch(f"table {each[0]}")]
        return "\n".join(_plain(value) for row in rows for value in row.values())

    async def mails_at_rest(self) -> None:
        async def settled() -> bool:
            return bool(await self.pool.fetchval(_AT_REST))

        await until(settled, "all mails at rest and all events told")

    async def probe(self, status: int = 200) -> None:
        """Look at all that is served over HTTP, once the workers are as ready as that."""
        async with httpx.AsyncClient() as http:
            for port in self.ports:
                at = f"http://127.0.0.1:{port}"

                async def answers(at: str = at) -> bool:
                    try:
                        return (await http.get(f"{at}/readyz")).status_code == status
                    except httpx.ConnectError:
                        return False

                await until(answers, f"readyz answers {status}")
                for each in _PROBES:
                    self.note(each, (await http.get(f"{at}/{each}")).text)
