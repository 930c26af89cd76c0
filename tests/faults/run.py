"""One run: messages flow, faults come and go, and in the end everything must be in its place."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import asyncpg

from tests.bench import broker, database
from tests.bench.material import messages
from tests.faults.catalogue import CATALOGUE
from tests.faults.checker import Found, Verdict, judge
from tests.faults.publishers import publishing
from tests.faults.wires.mail_server import serving
from tests.faults.wires.wire import address, strung
from tests.faults.workers import SENDING, running
from tests.faults.world import Unavailable, World

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from tests.bench.material import Message
    from tests.bench.mixture import Key, Mixture
    from tests.bench.site import Site
    from tests.faults.publishers import Publishers

_CONNECTIONS: Final = 4
# Leases that run out within the time that a recovery may take.
_SETTINGS: Final = {
    "KLANTCONTACT_MAIL_RETRIES": ",".join(["PT1S"] * 60),
    "KLANTCONTACT_MAIL_LEASE": "PT15S",
    "KLANTCONTACT_RELAY_LEASE": "PT5S",
    "KLANTCONTACT_RETRY_LEASE": "PT5S",
    "KLANTCONTACT_SMTP_DEADLINE": "PT5S",
    "KLANTCONTACT_SMTP_CONNECTIONS": str(_CONNECTIONS),
    "KLANTCONTACT_DEFERRALS": "PT1S,PT2S,PT2S,PT5S",
}
_PROBE_SECONDS: Final = 120.0
_SETTLE_SECONDS: Final = 300.0
_LOOK_SECONDS: Final = 0.1
_HELD: Final = (0.5, 4.0)


@dataclass
class Struck:
    """The faults of one kind; seconds."""

    times: int = 0
    held: float = 0.0
    recovery: float = 0.0
    unavailable: str = ""


@dataclass
class Run:
    """What a run does, and what it saw."""

    site: Site
    chance: random.Random
    kinds: Sequence[str]
    faults: int
    rate: float
    struck: dict[str, Struck] = field(default_factory=dict)
    published: int = 0
    repeatable: int = 0
    unknown: int = 0

    async def run(self, flood: Mixture, seed: int) -> Verdict:
        """Everything, from the first message to the verdict."""
        await self.site.need_register()
        url = await self.site.database()
        probes = iter(messages(self.faults + 2, seed ^ 0xFAB))
        used: set[Key] = set()
        async with AsyncExitStack() as stack:
            world, publishers = await self._world(stack, url)
            async with asyncio.TaskGroup() as group:
                flow = group.create_task(self._flow(flood, publishers))
                await self._recovered(world, publishers, probes, used)
                for _ in range(self.faults):
                    await self._strike(world, publishers, probes, used)
                await flow
            await publishers.empty()
            self.unknown = publishers.unknown
            valid = flood.valid | used
            left = await self._settled(world, len(valid), len(flood.invalid))
            found = await _found(world, left)
        self.repeatable += world.mail_server.unanswered.total()
        return judge(valid, flood.invalid, found)

    async def _world(self, stack: AsyncExitStack, url: str) -> tuple[World, Publishers]:
        state = self.site.state
        mails = await stack.enter_async_context(serving())
        amqp = await stack.enter_async_context(strung(*address(state.amqp)))
        theirs = await stack.enter_async_context(strung(*address(state.amqp)))
        postgres = await stack.enter_async_context(strung(*address(url)))
        smtp = await stack.enter_async_context(strung("127.0.0.1", mails.port))
        settings = {
            **self.site.settings(postgres.url(url), smtp.port),
            **_SETTINGS,
            "KLANTCONTACT_AMQP_URL": amqp.url(state.amqp),
        }
        workers = await stack.enter_async_context(running(settings, self.site.folder))
        publishers = await stack.enter_async_context(publishing(theirs, state.users))
        stack_dir = self.site.folder.parent
        world = World(
            self.chance, state, stack_dir, url, amqp, theirs, postgres, smtp, mails, workers
        )
        return world, publishers

    async def _flow(self, flood: Mixture, publishers: Publishers) -> None:
        began = time.monotonic()
        for number, message in enumerate(flood.messages):
            await publishers.put(message)
            self.published += 1
            ahead = number / self.rate - (time.monotonic() - began)
            if ahead > 0:
                await asyncio.sleep(ahead)

    async def _strike(
        self, world: World, publishers: Publishers, probes: Iterator[Message], used: set[Key]
    ) -> None:
        kind = self.chance.choice(self.kinds)
        of_kind = self.struck.setdefault(kind, Struck())
        fault, held = CATALOGUE[kind], self.chance.uniform(*_HELD)
        try:
            async with fault(world):
                await asyncio.sleep(held)
        except Unavailable as reason:
            of_kind.unavailable = str(reason)
            return
        of_kind.times += 1
        of_kind.held = max(of_kind.held, held)
        if fault.repeats_mails:
            self.repeatable += SENDING * _CONNECTIONS
        took = await self._recovered(world, publishers, probes, used)
        of_kind.recovery = max(of_kind.recovery, took)

    async def _recovered(
        self, world: World, publishers: Publishers, probes: Iterator[Message], used: set[Key]
    ) -> float:
        """Seconds until a message that is published now is registered and its mails are taken."""
        probe = next(probes)
        used.add((probe.kanaal, probe.id))
        began = time.monotonic()
        await publishers.put(probe)
        while (took := time.monotonic() - began) < _PROBE_SECONDS:
            if await _told(world, probe.id):
                return took
            await asyncio.sleep(_LOOK_SECONDS)
        return took

    async def _settled(self, world: World, contacts: int, refused: int) -> dict[str, int]:
        """Wait until all is done that is to be done; what is left."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while True:
            async with database.connection(world.database) as connection:
                row = await connection.fetchrow(_LEFT)
            left = dict(row or {}) | dict(await broker.depths(world.state.amqp_admin))
            done = left.pop("contacts") >= contacts and left.pop("refused") >= refused
            if (done and not any(left.values())) or time.monotonic() > deadline:
                return left
            await asyncio.sleep(1)


_LEFT: Final = """
    select (select count(*) from klantcontact) as contacts,
           (select count(*) from dead_letter) as refused,
           (select count(*) from outbox) as outbox,
           (select count(*) from mail
            where toestand not in ('verzonden', 'onzeker', 'mislukt')) as mails
"""
_CONTACTS: Final = """
    select coalesce(b.applicatie, '-'), coalesce(b.bericht_id, k.id::text)
    from klantcontact as k left join bericht as b on b.klantcontact = k.id
"""
_REFUSED: Final = """
    select applicatie, bericht_id from dead_letter where toestand not in ('opgelost')
"""
_MAILS_OF: Final = """
    select n.mail from notificatie as n join bericht as b on b.klantcontact = n.klantcontact
    where b.bericht_id = $1 and n.mail is not null
"""


async def _told(world: World, bericht: str) -> bool:
    try:
        async with asyncio.timeout(5), database.connection(world.database) as connection:
            mails = await connection.fetch(_MAILS_OF, bericht)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return bool(mails) and all(str(row[0]) in world.mail_server.taken for row in mails)


async def _found(world: World, left: dict[str, int]) -> Found:
    async with database.connection(world.database) as connection:
        contacts = [(row[0], row[1]) for row in await connection.fetch(_CONTACTS)]
        refused = frozenset((row[0], row[1]) for row in await connection.fetch(_REFUSED))
        mails = {
            str(row[0]): row[1] for row in await connection.fetch("select id, toestand from mail")
        }
    wrong = tuple(getattr(world.workers, "wrong", ()))
    return Found(contacts, refused, mails, dict(world.mail_server.taken), left, wrong)
