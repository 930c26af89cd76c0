"""`python -m tests.bench.notified`: many notifications to a mail server that puts some off.

From the outbox to the mail server, with retries after seconds; where asked, the worker is killed
(SIGKILL) at moments that a seed chooses and started again. Exit status 0 only if every mail
arrived and is on record as sent, no answer that was clean was followed by a second mail, and
every answer of the mail server is an attempt on record.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from tests.bench import broker, checks, database
from tests.bench.checks import Check
from tests.bench.embedded import site
from tests.bench.processes import started
from tests.bench.site import OUTBOX
from tests.bench.soft_server import SoftServer, listening

if TYPE_CHECKING:
    import asyncpg

    from tests.bench.site import Site

_SECONDS: Final = 900.0
_CONNECTIONS: Final = 8
_WORKER: Final = ("worker", "--role", "relay", "--role", "mailer")
# What was on its way when its worker was killed comes again when its leases have run out.
_SETTINGS: Final = {
    "KLANTCONTACT_MAIL_RETRIES": ",".join(["PT1S"] * 12),
    "KLANTCONTACT_MAIL_LEASE": "PT20S",
    "KLANTCONTACT_RELAY_LEASE": "PT5S",
    "KLANTCONTACT_SMTP_DEADLINE": "PT5S",
    "KLANTCONTACT_SMTP_CONNECTIONS": str(_CONNECTIONS),
}

err = Console(stderr=True, highlight=False)


def main() -> int:
    """Register, send, compare."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.notified")
    parser.add_argument("--mails", type=int, default=20_000)
    parser.add_argument("--soft", type=float, default=0.05, help="the share that is put off")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    err.print(f"seed {given.seed}")
    choose = random.Random(given.seed)
    with site(name="bench-notified", report=err.print) as ours:
        soft = SoftServer(given.soft, choose)
        found = asyncio.run(_work(ours, given.mails, given.kills, soft))
    return 0 if checks.show(found, Console()) else 1


async def _work(site: Site, count: int, kills: int, soft: SoftServer) -> list[Check]:
    await site.need_outbox(count)
    await broker.purge(site.state.amqp_admin)
    url = await site.database(OUTBOX)
    async with listening(soft) as port:
        began = time.monotonic()
        for moment in sorted(soft.choose.uniform(0.02, 0.9) for _ in range(kills)):
            await _run(site, url, port, moment * count, kill=True)
        await _run(site, url, port, count, kill=False)
        err.print(f"{count} mails in {time.monotonic() - began:.0f} s, {soft.put_off} put off")
    async with database.connection(url) as connection:
        found = await _in_database(connection, count, soft, kills)
        mails = {str(row[0]) for row in await connection.fetch("select id from mail")}
    waiting = sum((await broker.depths(site.state.amqp_admin)).values())
    return [*found, *_at_the_server(soft, mails, kills), Check("jobs in queues", 0, waiting)]


async def _run(site: Site, url: str, port: int, sent: float, *, kill: bool) -> None:
    """A worker until so many mails are on record as sent; then it is stopped, or killed."""
    settings = {**site.settings(url, port), **_SETTINGS}
    worker = await started(settings, *_WORKER, log=site.folder / "worker.log")
    enough = f"select count(*) >= {sent:.0f} from mail where toestand = 'verzonden'"  # noqa: S608 (a number)
    try:
        await database.until(url, enough, _SECONDS)
        if kill:
            err.print(f"{sent:.0f} sent: the worker killed")
    finally:
        if worker.returncode is None:
            worker.kill() if kill else worker.terminate()
        await worker.wait()


async def _in_database(
    connection: asyncpg.Connection[Any], count: int, soft: SoftServer, kills: int
) -> list[Check]:
    async def number(what: str) -> int:
        return int(await connection.fetchval(f"select count(*) from {what}"))  # noqa: S608 (ours)

    lost = kills * _CONNECTIONS
    put_off = await number("mail_poging where toestand = 'uitgesteld'")
    return [
        Check("mails", count, await number("mail")),
        Check("mails verzonden", count, await number("mail where toestand = 'verzonden'")),
        Check("mails that are to be tried again", 0, await number(_AGAIN)),
        Check(
            "attempts verzonden", count, await number("mail_poging where toestand = 'verzonden'")
        ),
        Check("mails put off that have no attempt", lost, soft.put_off - put_off, most=True),
        Check("attempts of another outcome", 0, await number(_OTHERS)),
        Check("dead letters", 0, await number("dead_letter")),
        Check("outbox rows", 0, await number("outbox")),
    ]


_AGAIN: Final = "mail where opnieuw is not null"
_OTHERS: Final = "mail_poging where toestand not in ('verzonden', 'uitgesteld')"


def _at_the_server(soft: SoftServer, mails: set[str], kills: int) -> list[Check]:
    """A kill repeats one mail per connection at most, with the same Message-ID."""
    arrived = soft.taken
    again = arrived.total() - len(arrived)
    return [
        Check("different Message-IDs at the mail server", len(mails), len(arrived)),
        Check("mails that never arrived", 0, len(mails - set(arrived))),
        Check("mails that arrived again", kills * _CONNECTIONS, again, most=True),
    ]


if __name__ == "__main__":
    sys.exit(main())
