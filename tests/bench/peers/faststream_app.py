"""FastStream doing the same work per message, with the settings that proved best.

No logger, no replies, no dependency injection (which would validate what is validated), a
decoder that parses the body once, straight into our model, and an acknowledgement after the
commit.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue

from tests.bench.peers.same_work import parse, pool, store
from tests.bench.peers.task import Countdown, Task, answer

if TYPE_CHECKING:
    from faststream.rabbit import RabbitMessage

    from worker.domain.klantcontact import Klantcontact

    Parsed = tuple[Klantcontact, str]

PREFETCH = 5
POOL = 10


async def _decode(message: RabbitMessage) -> Parsed:
    return parse(message.body), message.raw_message.user_id or ""


async def run(task: Task) -> float:
    """Register all messages; ends with the last commit."""
    countdown = Countdown(task.messages)
    channel = Channel(prefetch_count=task.options.get("prefetch", PREFETCH))
    broker = RabbitBroker(
        task.amqp, default_channel=channel, decoder=_decode, logger=None, apply_types=False
    )
    async with pool(task.postgres, task.options.get("pool", POOL)) as opened:

        async def handle(parsed: Parsed) -> None:
            contact, applicatie = parsed
            await store(opened, contact, applicatie)
            countdown.done()

        for name in task.queues:
            queue = RabbitQueue(name, declare=False)
            broker.subscriber(queue, ack_policy=AckPolicy.ACK, no_reply=True)(handle)
        await broker.connect()
        start = time.perf_counter()
        await broker.start()
        try:
            return await countdown.since(start)
        finally:
            await broker.stop()


if __name__ == "__main__":
    answer(run)
