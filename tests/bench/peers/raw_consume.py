"""Consuming and nothing else: aio-pika's public API, acknowledging 250 at a time."""

from __future__ import annotations

import itertools
import time

import aio_pika

from tests.bench.peers.task import Countdown, Task, answer

PREFETCH = 500
BATCH = 250


async def run(task: Task) -> float:
    """Take all messages from the queues; ends with the last acknowledgement."""
    numbers = itertools.count(1)
    countdown = Countdown(task.messages)
    batch = task.options.get("raw_batch", BATCH)

    async def on_message(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        number = next(numbers)
        if number % batch == 0 or number == task.messages:
            await message.ack(multiple=True)
        countdown.done()

    async with await aio_pika.connect(task.amqp) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=task.options.get("raw_prefetch", PREFETCH))
        queues = [await channel.get_queue(name, ensure=False) for name in task.queues]
        start = time.perf_counter()
        for queue in queues:
            await queue.consume(on_message)
        return await countdown.since(start)


if __name__ == "__main__":
    answer(run)
