"""Looking at what a run left: the database, the queues, and whether all is done by now."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import aio_pika

from tests.bench import database
from tests.faults import witness
from tests.faults.found import Contact, Letter
from tests.faults.ledger import content_of
from tests.faults.subscriber import QUEUES
from worker.rabbitmq.topology import definitions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from tests.faults.ledger import Ledger
    from tests.faults.subscriber import Subscriber
    from tests.faults.world import World

    Connection = asyncpg.Connection[Any]

_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.5
_QUIET_LOOKS: Final = 20
"""For so long nothing moves and something is missing: then it will not come any more."""
_OURS: Final = tuple(queue["name"] for queue in definitions()["queues"])

_LEFT: Final = """
    select (select count(*) from outbox) as outbox,
           (select count(*) from mail
            where toestand not in ('verzonden', 'onzeker', 'mislukt')) as mail,
           (select count(*) from dead_letter where toestand in ('wacht', 'hervat')) as dead_letter
"""
_KEYS: Final = """
    select applicatie, bericht_id from bericht
    union select applicatie, bericht_id from dead_letter
"""
_CONTACTS: Final = """
    select k.id, b.applicatie, b.bericht_id, k.zaak, k.type, k.toelichting, k.onderwerp
    from klantcontact as k left join bericht as b on b.klantcontact = k.id
"""
_NOTIFIED: Final = "select klantcontact, betrokkene, mail from notificatie"
_LETTERS: Final = """
    select applicatie, bericht_id, code, toestand from dead_letter where toestand <> 'opgelost'
"""
_ZAKEN: Final = """
    select identificatie, coalesce(status_omschrijving, ''), einddatum is not null from zaak
"""


async def settled(world: World, ledger: Ledger) -> None:
    """Return when nothing is left to be done, or two minutes are over.

    What is missing is not waited for once nothing has moved for some time.
    """
    deadline, quiet, before = time.monotonic() + _SECONDS, 0, None
    while time.monotonic() < deadline:
        async with database.connection(world.database) as connection:
            left = dict(await connection.fetchrow(_LEFT) or {})
            known = {tuple(row) for row in await connection.fetch(_KEYS)}
        left |= await depths(world.state.amqp_admin, _OURS)
        quiet = quiet + 1 if left == before and not any(left.values()) else 0
        before = left
        if quiet and (ledger.entries.keys() <= known or quiet > _QUIET_LOOKS):
            return
        await asyncio.sleep(_LOOK_SECONDS)


async def left_over(world: World) -> dict[str, int]:
    """What is in the queues and tables that should be empty, once no worker runs any more."""
    async with database.connection(world.database) as connection:
        tables = dict(await connection.fetchrow(_LEFT) or {})
    return tables | await depths(world.state.amqp_admin, _OURS)


async def heard_out(world: World, subscriber: Subscriber) -> None:
    """Return when the subscriber has everything that was published."""
    before = -1
    async with asyncio.timeout(_SECONDS):
        while True:
            waiting = sum((await depths(world.state.amqp_admin, QUEUES)).values())
            heard = sum(told.times for told in subscriber.heard.values())
            if not waiting and heard == before:
                return
            before = heard
            await asyncio.sleep(_LOOK_SECONDS)


async def depths(admin: str, names: Sequence[str]) -> dict[str, int]:
    """How many messages are ready in each queue."""
    found = {}
    async with await aio_pika.connect(admin) as connection:
        channel = await connection.channel()
        for name in names:
            queue = await channel.declare_queue(name, passive=True)
            found[name] = queue.declaration_result.message_count or 0
    return found


async def contacts(connection: Connection) -> list[Contact]:
    """All of them, with whom they told."""
    notified: defaultdict[str, dict[str, str | None]] = defaultdict(dict)
    for klantcontact, betrokkene, mail in await connection.fetch(_NOTIFIED):
        notified[str(klantcontact)][betrokkene] = str(mail) if mail else None
    return [
        Contact(
            str(row[0]),
            None if row[1] is None else (row[1], row[2]),
            row[3],
            content_of(*row[3:7]),
            notified[str(row[0])],
        )
        for row in await connection.fetch(_CONTACTS)
    ]


async def letters(connection: Connection) -> list[Letter]:
    """All that are not resolved."""
    return [Letter((row[0], row[1]), row[2], row[3]) for row in await connection.fetch(_LETTERS)]


async def zaken(connection: Connection) -> dict[str, tuple[str, bool]]:
    """The status of each, and whether it is closed."""
    return {row[0]: (row[1], row[2]) for row in await connection.fetch(_ZAKEN)}


async def mails(connection: Connection) -> dict[str, str]:
    """The state of each."""
    rows = await connection.fetch("select id, toestand from mail")
    return {str(row[0]): row[1] for row in rows}


late = witness.seen
