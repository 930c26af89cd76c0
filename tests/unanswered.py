"""A role whose broker leaves one AMQP method unanswered, and what shows that it is back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.amqp_proxy import Fault, passing_frames
from tests.contacts import body
from tests.facts import fill
from tests.waiting import until
from worker.role import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.mails import Mails
    from tests.program import Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]

QUEUE: Final = "klantcontact.registratie.callcenter"
# Of these none is there before the role is ready: each is met only at work.
_AT_WORK: Final = {"channel.close", "channel.close-ok", "basic.publish", "basic.ack"}
# The publication itself brings these about.
_PROVOKED: Final = {"basic.publish", "basic.ack"}


@dataclass(frozen=True, slots=True)
class Stage:
    """What the test has at hand."""

    pool: Pool
    broker: Broker
    mails: Mails
    amqp: str
    start: Start

    async def seconds_away(self, role: Role, fault: Fault) -> float:
        """Run the role behind the fault; how long until it worked again, in seconds."""
        await fill(self.pool)
        async with passing_frames(self.amqp) as proxy:
            await self._others(role)
            if fault.method in _AT_WORK:
                program = await self.start("--role", role, amqp_url=proxy.url)
                await program.ready(1)
                met = proxy.arm(fault)
            else:
                met = proxy.arm(fault)
                program = await self.start("--role", role, amqp_url=proxy.url)
            if fault.method in _PROVOKED:
                await self._give_work(role)
                since = await met
            else:
                since = await met
                await self._give_work(role)
            await self._done(role)
            away = time.monotonic() - since
            assert program.process.returncode is None, program.raw
            assert await program.stop() == 0, program.err
        return away

    async def _others(self, role: Role) -> None:
        """The other roles, with a way to the broker that works; the sink needs none of them."""
        if role is not Role.SINK:
            others = [each for each in Role if each not in {role, Role.SINK}]
            program = await self.start(*(word for each in others for word in ("--role", each)))
            await program.ready(len(others))

    async def _give_work(self, role: Role) -> None:
        await self.broker.publish(body(), message_id="bericht-1")
        if role is Role.SINK:
            queue = await (await self.broker.channel("admin")).get_queue(QUEUE, ensure=False)

            async def rejected() -> bool:
                message = await queue.get(fail=False)
                if message is not None:
                    await message.reject()
                return message is not None

            await until(rejected, "the broker dead-letters a message")

    async def _done(self, role: Role) -> None:
        """The message is a mail and nothing waits to be published; or it is a dead letter."""
        if role is Role.SINK:

            async def kept() -> bool:
                return bool(await self.pool.fetchval("select count(*) from dead_letter"))

            await until(kept, "the dead letter is on record")
            return
        await self.mails.arrived()

        async def published() -> bool:
            return not await self.pool.fetchval("select count(*) from outbox")

        await until(published, "the outbox is empty")
