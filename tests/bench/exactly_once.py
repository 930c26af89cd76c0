"""`python -m tests.bench.exactly_once`: a flood with repetitions through two whole workers.

Exit status 0 only if everything arrived once: each valid message one contact, each
notification one mail at the mail server, each unfit message one dead letter, nothing left.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from tests.bench import broker, checks, database
from tests.bench.checks import Check
from tests.bench.embedded import site
from tests.bench.mixture import mixture

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg

    from tests.bench.mixture import Mixture
    from tests.bench.site import Site

_SECONDS: Final = 1800.0
_SEED: Final = 20_260_102

err = Console(stderr=True, highlight=False)


def main() -> int:
    """Publish, work, compare."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.exactly_once")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=_SEED)
    arguments = parser.parse_args()
    err.print(f"seed {arguments.seed}")
    flood = mixture(arguments.messages, arguments.seed)
    with site(name="bench-once", report=err.print) as ours:
        found = asyncio.run(_work(ours, flood))
    return 0 if checks.show(found, Console()) else 1


async def _work(site: Site, flood: Mixture) -> list[Check]:
    await site.need_register()
    await site.put(flood.messages)
    url = await site.database()
    began = time.monotonic()
    port = int(site.state.smtp.rpartition(":")[2])
    async with (
        site.worker(url, smtp_port=port, name="worker-1") as one,
        site.worker(url, smtp_port=port, name="worker-2") as other,
    ):
        await _settled(site, url, flood)
    err.print(f"{len(flood.messages)} messages settled in {time.monotonic() - began:.0f} s")
    for worker in (one, other):
        err.print(f"{worker.log.stem}: {_outcomes(worker.log)}")
    async with database.connection(url) as connection:
        found = await _in_database(connection, flood)
        mails = {str(row[0]) for row in await connection.fetch("select id from mail")}
    waiting = sum((await broker.depths(site.state.amqp_admin)).values())
    arrived = await asyncio.to_thread(_arrived, site.state.mail_dir)
    return [*found, *_at_the_server(arrived, mails), Check("messages in queues", 0, waiting)]


async def _settled(site: Site, url: str, flood: Mixture) -> None:
    """Wait until all is done that is to be done, and a little for what is not."""
    question = f"""
        select (select count(*) from klantcontact) >= {len(flood.valid)}
           and (select count(*) from dead_letter) >= {len(flood.invalid)}
           and (select count(*) from mail where toestand = 'verzonden') >= {len(flood.valid)}
           and not exists (select from outbox)
    """  # noqa: S608 (numbers of our own)
    await database.until(url, question, _SECONDS, every=1.0)
    async with asyncio.timeout(60):
        await broker.empty(site.state.amqp_admin)
    await asyncio.sleep(3)


async def _in_database(connection: asyncpg.Connection[Any], flood: Mixture) -> list[Check]:
    async def count(what: str) -> int:
        return int(await connection.fetchval(f"select count(*) from {what}"))  # noqa: S608 (ours)

    valid, invalid = len(flood.valid), len(flood.invalid)
    keys = {tuple(row) for row in await connection.fetch(_KEYS.format("bericht"))}
    refused = {tuple(row) for row in await connection.fetch(_KEYS.format("dead_letter"))}
    return [
        Check("contacts", valid, await count("klantcontact")),
        Check("contacts of a message of ours", valid, await count(_OWN_CONTACTS)),
        Check("valid messages not registered", 0, len(flood.valid - keys)),
        Check("registered that shouldn't be", 0, len(keys - flood.valid)),
        Check("dead letters", invalid, await count("dead_letter")),
        Check("invalid messages without one", 0, len(flood.invalid - refused)),
        Check("dead letters that shouldn't be", 0, len(refused - flood.invalid)),
        Check("notifications in a mail", valid, await count(_NOTIFIED)),
        Check("mails", valid, await count("mail")),
        Check("mails verzonden", valid, await count("mail where toestand = 'verzonden'")),
        Check("outbox rows", 0, await count("outbox")),
    ]


_KEYS: Final = "select applicatie, bericht_id from {}"
_OWN_CONTACTS: Final = (
    "(select distinct id from bericht join klantcontact k on k.id = klantcontact)"
)
_NOTIFIED: Final = "(select distinct mail from notificatie where toestand = 'opgenomen') as n"


def _at_the_server(arrived: Counter[str], mails: set[str]) -> list[Check]:
    return [
        Check("mails at the mail server", len(mails), arrived.total()),
        Check("different Message-IDs there", len(mails), len(arrived)),
        Check("mails that never arrived", 0, len(mails - set(arrived))),
        Check("mails that arrived twice", 0, sum(times > 1 for times in arrived.values())),
    ]


def _arrived(folder: Path) -> Counter[str]:
    """How often each mail arrived, by the mail's id, which its Message-ID begins with."""
    parser = BytesHeaderParser()
    arrived: Counter[str] = Counter()
    for file in folder.glob("*.eml"):
        with file.open("rb") as content:
            arrived[str(parser.parse(content)["Message-ID"]).strip("<> ").partition("@")[0]] += 1
    return arrived


def _outcomes(log: Path) -> str:
    """What a worker's log says of messages: that each did part of the work."""
    text = log.read_text(encoding="utf-8")
    outcomes = ("geregistreerd", "herhaald", "afgewezen")
    return ", ".join(f"{each} {text.count(chr(34) + each + chr(34))}" for each in outcomes)


if __name__ == "__main__":
    sys.exit(main())
