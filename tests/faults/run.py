"""One run: messages flow, faults come and go, and in the end everything must be in its place."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.bench import database
from tests.bench.material import ZAKEN
from tests.failing_broker import failing
from tests.faults import observed, witness, worker_logs
from tests.faults.checker import Verdict, judge
from tests.faults.crews import CREWS
from tests.faults.disturbed import disturbed
from tests.faults.found import Found, Posted
from tests.faults.ledger import Ledger, ledger
from tests.faults.letters import ZAAKSYSTEEM, written
from tests.faults.mixing import Mixing, Strike
from tests.faults.plan import Plan
from tests.faults.recovery import Recovery
from tests.faults.senders import Senders, sending
from tests.faults.subscriber import Subscriber, subscribed
from tests.faults.wires.mail_server import serving
from tests.faults.wires.wire import address, strung
from tests.faults.workers import Roles, Running, running
from tests.faults.world import World
from worker.rabbitmq.topology import KANALEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.site import Site
    from tests.faults.plan import Planned
    from tests.faults.zaken import Fact

_CONNECTIONS: Final = 4
_RELAY_BATCH: Final = 50
# A relay has two batches in hand at once.
_RELAY_IN_HAND: Final = 2 * _RELAY_BATCH
# Leases that run out within the time that a recovery may take.
_SETTINGS: Final = {
    "KLANTCONTACT_MAIL_RETRIES": ",".join(["PT1S"] * 60),
    "KLANTCONTACT_MAIL_LEASE": "PT15S",
    "KLANTCONTACT_RELAY_LEASE": "PT5S",
    "KLANTCONTACT_RELAY_BATCH": str(_RELAY_BATCH),
    "KLANTCONTACT_RETRY_LEASE": "PT5S",
    "KLANTCONTACT_SMTP_DEADLINE": "PT5S",
    "KLANTCONTACT_SMTP_CONNECTIONS": str(_CONNECTIONS),
    "KLANTCONTACT_DEFERRALS": "PT1S,PT2S,PT2S,PT5S",
}
_FIRST: Final = 20
"""Messages before the first fault."""


@dataclass
class Run:
    """What a run does, and what it saw."""

    site: Site
    folder: Path
    """Where the ledger and the logs of the processes are kept."""
    seed: int
    kinds: Sequence[str]
    messages: int
    faults: int
    rate: float
    window: float = 0.0
    crew: Sequence[Roles] = CREWS["right"]
    strikes: list[Strike] = field(default_factory=list)
    sent: int = 0
    unknown: int = 0

    async def run(self) -> Verdict:
        """Everything, from the first message to the verdict."""
        await self.site.need_register()
        url = await self.site.database()
        await witness.place(url)
        plan = Plan(self.seed)
        with ledger(self.folder / "ledger.jsonl") as kept:
            async with AsyncExitStack() as stack:
                world, workers = await self._world(stack, url)
                subscriber = await stack.enter_async_context(subscribed(world.state.amqp_admin))
                users = {
                    user: world.publishing.url(world.state.users[user])
                    for user in (*KANALEN, ZAAKSYSTEEM)
                }
                senders = await stack.enter_async_context(sending(kept, users))
                await self._strike(world, plan, kept, senders)
                await senders.emptied()
                await observed.settled(world, kept)
                await workers.stop()
                await observed.heard_out(world, subscriber)
                found = await self._found(world, plan, kept, subscriber, workers)
            self.unknown = kept.unknown
        return judge(found)

    async def _world(self, stack: AsyncExitStack, url: str) -> tuple[World, Running]:
        state = self.site.state
        mails = await stack.enter_async_context(serving())
        fails = await stack.enter_async_context(failing(state.amqp))
        amqp = await stack.enter_async_context(strung(*address(fails.url)))
        theirs = await stack.enter_async_context(strung(*address(state.amqp)))
        postgres = await stack.enter_async_context(strung(*address(url)))
        smtp = await stack.enter_async_context(strung("127.0.0.1", mails.port))
        common = {**_SETTINGS, "KLANTCONTACT_MAIL_WINDOW": str(self.window)}
        direct = {**self.site.settings(url, mails.port), **common}
        wired = {
            **self.site.settings(postgres.url(url), smtp.port),
            **common,
            "KLANTCONTACT_AMQP_URL": amqp.url(state.amqp),
        }
        workers = await stack.enter_async_context(
            running(self.crew, lambda roles: wired if roles.wired else direct, self.folder)
        )
        chance = random.Random(self.seed)
        stack_dir = self.site.folder.parent
        world = World(
            chance, state, stack_dir, url,
            fails, amqp, theirs, postgres, smtp, mails, workers,
        )  # fmt: skip
        return world, workers

    async def _strike(self, world: World, plan: Plan, kept: Ledger, senders: Senders) -> None:
        """Send and break; messages flow until both are done."""
        users = {user: world.state.users[user] for user in (*KANALEN, ZAAKSYSTEEM)}
        probing = Senders(kept, users)
        recovery = Recovery(world, plan, senders, probing, kept)
        mixing = Mixing(world, world.chance, self.kinds, recovery, self.strikes)
        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._flow(plan, kept, senders, done))
            await recovery.seconds()
            await mixing.strike(self.faults)
            done.set()
        await probing.close()

    async def _flow(self, plan: Plan, kept: Ledger, senders: Senders, done: asyncio.Event) -> None:
        """At the rate, or slower where senders are held up; on until the last fault was made."""
        for each in plan.stream():
            # What the stream has given is sent: it may be the zaak that others wait for.
            await self._send(each, kept, senders)
            if self.sent >= self.messages and done.is_set():
                break
        for each in plan.rest():
            await self._send(each, kept, senders)

    async def _send(self, what: Planned | Fact, kept: Ledger, senders: Senders) -> None:
        user, letter = written(what, kept)
        await senders.put(user, letter)
        self.sent += 1
        await asyncio.sleep(1 / self.rate)

    async def _found(
        self, world: World, plan: Plan, kept: Ledger, subscriber: Subscriber, workers: Running
    ) -> Found:
        left = await observed.left_over(world)
        async with database.connection(world.database) as connection:
            return Found(
                entries=kept.entries,
                zaken_sent=kept.zaken,
                recipients=_of_the_register() | plan.recipients,
                contacts=await observed.contacts(connection),
                letters=await observed.letters(connection),
                zaken=await observed.zaken(connection),
                late=await observed.late(connection),
                mails=await observed.mails(connection),
                posted=Posted(world.mail_server.taken, world.mail_server.unanswered),
                told=[(name[1], told) for name, told in subscriber.heard.items()],
                left=left,
                logs=worker_logs.all_of(workers.lives),
                disturbed=disturbed(self.strikes, self.crew),
                wrong=workers.wrong,
                window=self.window > 0,
                connections=_CONNECTIONS,
                in_hand=_RELAY_IN_HAND,
            )


def _of_the_register() -> dict[str, dict[str, bool]]:
    return {f"ZAAK-2025-{number:07}": {f"persoon-{number}": True} for number in range(ZAKEN)}
