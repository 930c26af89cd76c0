"""Three nodes, and the one that the workers are connected to is cut off for 50 s."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest

from tests.contacts import body
from tests.facts import fill
from tests.program import Program
from tests.proxy import passing
from tests.rabbitmq_cluster import running
from tests.tokens import authorization
from tests.waiting import DEADLINE, until
from worker.clock import now
from worker.errors import Outage
from worker.rabbitmq.connection import connected
from worker.rabbitmq.depths import depths
from worker.rabbitmq.publishing import Publication, publishing
from worker.rabbitmq.tls import Address, located
from worker.rabbitmq.topology import REGISTRATIE
from worker.stack.errors import StackError
from worker.tls import Files

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.mails import Mails
    from tests.rabbitmq_cluster import Cluster
    from worker.postgres.pool import Pool
    from worker.rabbitmq.connection import Connection

_CUT_SECONDS: Final = 50
_RECOVERY_SECONDS: Final = 15
_PAUSE_SECONDS: Final = 0.1
_SETTLED_SECONDS: Final = 180
# What a killed or cut process had in hand is due again so soon.
_LEASES: Final = {
    "KLANTCONTACT_MAIL_LEASE": "PT30S",
    "KLANTCONTACT_SMTP_DEADLINE": "PT10S",
    "KLANTCONTACT_RELAY_LEASE": "PT10S",
    "KLANTCONTACT_RETRY_LEASE": "PT10S",
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    try:
        entered = running(tmp_path_factory.mktemp("cluster"))
        made = entered.__enter__()
    except StackError as error:
        pytest.skip(f"no RabbitMQ here: {error}")
    try:
        yield made
    finally:
        for place in range(len(made.nodes)):
            made.wake(place)
        entered.__exit__(None, None, None)


def _address(cluster: Cluster, user: str) -> Address:
    return located(cluster.url(user), Files.named("KLANTCONTACT_AMQP_TLS", cluster.ca, None, None))


@dataclass
class _Sender:
    """A channel system: a message is its own until a node confirmed it, and goes on by another."""

    at: Address
    confirmed: list[str] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        while not self.stop.is_set():
            try:
                async with connected(self.at, "test", silence=4) as connection:
                    await self._send(connection)
            except* Outage:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _send(self, connection: Connection) -> None:
        async with publishing(connection) as publisher:
            while not self.stop.is_set():
                name = f"b-{len(self.confirmed)}"
                if await publisher.publish([_message(name)]) == [True]:
                    self.confirmed.append(name)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def one_more(self) -> None:
        """Return when one more than now is confirmed."""
        count = len(self.confirmed)

        async def more() -> bool:
            return len(self.confirmed) > count

        await until(more, "another message is confirmed")


def _message(name: str) -> Publication:
    content = body()
    headers = {key: str(each) for key, each in authorization(content, now()).items()}
    return Publication(
        REGISTRATIE,
        "callcenter",
        name,
        content,
        "application/json",
        user_id="callcenter",
        timestamp=now(),
        headers=headers,
    )


@asynccontextmanager
async def _at_the_first(
    cluster: Cluster, environment: dict[str, str]
) -> AsyncIterator[list[Program]]:
    """Two workers that know three nodes, by proxies, with every connection at the first."""
    async with AsyncExitStack() as stack:
        proxies = [
            await stack.enter_async_context(passing(cluster.url("worker", [place])))
            for place in range(3)
        ]
        listed = ",".join(f"localhost:{urlsplit(each.url).port}" for each in proxies)
        login = urlsplit(proxies[0].url).netloc.rpartition("@")[0]
        for each in proxies[1:]:
            await each.cut()
        given = {
            **environment,
            **_LEASES,
            "KLANTCONTACT_AMQP_URL": f"amqps://{login}@{listed}/",
            "KLANTCONTACT_AMQP_TLS_CA": str(cluster.ca),
        }
        started = [await Program.start("worker", environment=given) for _ in range(2)]
        try:
            for program in started:
                await program.ready()
            for proxy in proxies[1:]:
                await proxy.restore()
            yield started
        finally:
            for program in started:
                await program.kill()


async def test_a_node_that_is_cut_off_costs_no_message_and_brings_none_twice(
    cluster: Cluster, pool: Pool, mails: Mails, environment: dict[str, str]
) -> None:
    await fill(pool)
    sender = _Sender(_address(cluster, "callcenter"))
    async with _at_the_first(cluster, environment) as workers:
        sending = asyncio.create_task(sender.run())
        await _registered_again(pool, sender, within=DEADLINE)
        cluster.silence(0)
        over = time.monotonic() + _CUT_SECONDS
        for each in workers:
            # Consumers may have to wait until the other nodes give the silent one up.
            first, again = [await each.logged("gereed", n, rol="relay") for n in (1, 2)]
            assert first["broker"] != again["broker"]
        assert time.monotonic() < over
        await asyncio.sleep(over - time.monotonic())  # The fault goes on for as long as it is.
        cluster.wake(0)
        await _registered_again(pool, sender, within=_RECOVERY_SECONDS)
        sender.stop.set()
        await sending
        count = len(sender.confirmed)

        async def settled() -> bool:
            rows = await pool.fetchrow(_SETTLED)
            waiting = await depths(_address(cluster, "admin"))
            return (
                rows is not None
                and tuple(rows) == (count, count, 0)
                and not sum(each.messages or 0 for each in waiting)
            )

        await until(settled, f"{count} messages and their mails", within=_SETTLED_SECONDS)
        assert await pool.fetchval("select count(*) from klantcontact") == count
        assert await pool.fetchval("select count(*) from dead_letter") == 0
        arrived = mails.all()
        assert len({mail["Message-ID"] for mail in arrived}) == len(arrived) == count
        assert [await each.stop() for each in workers] == [0, 0]
        assert "Traceback" not in "".join(each.err for each in workers)


_SETTLED: Final = """
    select (select count(*) from klantcontact),
           (select count(*) from mail where toestand = 'verzonden'),
           (select count(*) from outbox)
"""


async def _registered_again(pool: Pool, sender: _Sender, within: float) -> None:
    """Whatever was confirmed by now, and one more, is registered within so many seconds."""
    began = time.monotonic()
    await sender.one_more()
    count = len(sender.confirmed)

    async def registered() -> bool:
        found: int = await pool.fetchval("select count(*) from klantcontact")
        return found >= count

    await until(registered, f"{count} messages are registered", within=within)
    assert time.monotonic() - began <= within
