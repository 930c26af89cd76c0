"""The rows about mail: from the outbox to the broker, and from the broker to a mail server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.bench import broker, database, jobs
from tests.bench.database import WrongResult
from tests.bench.site import MAILS, OUTBOX, SECONDS
from tests.smtp_sink import smtp_sink
from worker.rabbitmq.topology import NOTIFICATIE_EMAIL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bench.site import Site

_OUTBOX_EMPTY: Final = "select not exists (select from outbox)"
_ALL_SENT: Final = "select not exists (select from mail where toestand <> 'verzonden')"


async def emptied(site: Site, count: int) -> str:
    """Jobs are at hand in a file; no message waits anywhere."""
    await site.need_mails(count)
    await broker.purge(site.state.amqp_admin)
    return ""


async def outbox(site: Site, count: int) -> str:
    """Mails wait in the outbox."""
    await site.need_outbox(count)
    await broker.purge(site.state.amqp_admin)
    return await site.database(OUTBOX)


async def offered(site: Site, count: int) -> str:
    """Jobs wait in the queue, and their mails are on offer in the database."""
    await site.need_mails(count)
    await broker.purge(site.state.amqp_admin)
    await broker.publish(site.state.amqp_admin, jobs.read(site.jobs, count))
    return await site.database(MAILS)


async def raw_publish(site: Site, count: int, _url: str) -> float:
    """Ready-made jobs are in the queue."""
    seconds = await site.peer("raw_publish", count)
    await site.expect_waiting({NOTIFICATIE_EMAIL: count})
    return seconds


async def relay(site: Site, count: int, url: str) -> float:
    """From ready to an empty outbox; every mail is frozen and its job in the queue."""
    async with site.worker(url, "relay") as worker:
        start = await worker.moment("gereed")
        end = await database.until(url, _OUTBOX_EMPTY, SECONDS)
    await site.expect_waiting({NOTIFICATIE_EMAIL: count})
    await database.expect(url, outbox=0, mail=count)
    return end - start


def peer(name: str) -> Callable[[Site, int, str], Awaitable[float]]:
    """A peer that sends ready-made mails."""

    async def run(site: Site, count: int, _url: str) -> float:
        async with smtp_sink(site.software, site.folder) as sink:
            seconds = await site.peer(name, count, smtp_port=sink.port)
            _expect(sink.received(), count)
        return seconds

    return run


async def mailer(site: Site, count: int, url: str) -> float:
    """From ready to the last result on record; the mail server took each mail once."""
    async with smtp_sink(site.software, site.folder) as sink:
        async with site.worker(url, "mailer", smtp_port=sink.port) as worker:
            start = await worker.moment("gereed")
            end = await database.until(url, _ALL_SENT, SECONDS)
        _expect(sink.received(), count)
    await site.expect_waiting({})
    return end - start


def _expect(received: int, count: int) -> None:
    if received != count:
        raise WrongResult(f"the mail server took {received} mails of {count}")
