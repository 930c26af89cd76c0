"""Publishing and nothing else: ready-made jobs through aio-pika, a few hundred unconfirmed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aio_pika

from tests.bench import jobs
from tests.bench.peers.task import Task, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW = 300


async def run(task: Task) -> float:
    """Publish all jobs; ends with the last confirm."""
    ready = jobs.read(Path(task.jobs), task.messages)
    exchange_name, routing_key = ready[0].exchange, ready[0].routing_key
    waiting = iter([_message(job.body, job.message_id, dict(job.headers)) for job in ready])
    async with await aio_pika.connect(task.amqp) as connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(exchange_name, ensure=False)

        async def publish(those: Iterator[aio_pika.Message]) -> None:
            for message in those:
                await exchange.publish(message, routing_key)

        start = time.perf_counter()
        window = task.options.get("window", WINDOW)
        await asyncio.gather(*(publish(waiting) for _ in range(window)))
        return time.perf_counter() - start


def _message(body: bytes, message_id: str, headers: dict[str, str]) -> aio_pika.Message:
    return aio_pika.Message(
        body,
        headers=dict(headers),
        content_type="message/rfc822",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message_id,
    )


if __name__ == "__main__":
    answer(run)
