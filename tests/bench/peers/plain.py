"""A plain aio-pika callback with asyncpg, one transaction per message."""

from __future__ import annotations

import time

import aio_pika

from tests.bench.peers.same_work import parse, pool, store
from tests.bench.peers.task import Countdown, Task, answer

PREFETCH = 5
POOL = 10


async def run(task: Task) -> float:
    """Register all messages; ends with the last commit and its acknowledgement."""
    countdown = Countdown(task.messages)
    async with (
        pool(task.postgres, task.options.get("pool", POOL)) as opened,
        await aio_pika.connect(task.amqp) as connection,
    ):

        async def on_message(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            await store(opened, parse(message.body), message.user_id or "")
            await message.ack()
            countdown.done()

        channel = await connection.channel()
        await channel.set_qos(prefetch_count=task.options.get("prefetch", PREFETCH))
        queues = [await channel.get_queue(name, ensure=False) for name in task.queues]
        start = time.perf_counter()
        for queue in queues:
            await queue.consume(on_message)
        return await countdown.since(start)


if __name__ == "__main__":
    answer(run)
