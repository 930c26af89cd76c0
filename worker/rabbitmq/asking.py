"""A publication that asks for an answer, over the broker's direct reply-to.

`amq.rabbitmq.reply-to` is no queue: the broker hands what is sent there to the channel that
asked, which needs no permission and leaves nothing behind.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import uuid4

from worker.rabbitmq.connection import answered
from worker.rabbitmq.connection import channel as open_channel
from worker.rabbitmq.publishing import publisher

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiormq.abc import DeliveredMessage
    from aiormq.channel import Channel

    from worker.rabbitmq.connection import Connection
    from worker.rabbitmq.publishing import Publication

Answer = TypeVar("Answer")

_DIRECT: Final = "amq.rabbitmq.reply-to"


async def ask(
    connection: Connection,
    publication: Publication,
    understand: Callable[[bytes], Answer | None],
    seconds: float,
    final: Callable[[Answer], bool] = lambda _: True,
) -> tuple[bool, Answer | None]:
    """Publish and wait for the final answer, up to `seconds` after the broker's confirm.

    Returns whether the broker confirmed, and the last answer that `understand` made something
    of, which is a `final` one if that came in time; None if none came, or the connection went
    away before. Raises Outage while the message is not confirmed.
    """
    correlation = str(uuid4())
    channel = await open_channel(connection, confirms=True)
    answers = await _answers(connection, channel, correlation)
    asking = replace(publication, reply_to=_DIRECT, correlation_id=correlation)
    if not (await publisher(connection, channel).publish([asking]))[0]:
        return False, None
    heard: list[Answer] = []
    reading = asyncio.create_task(_listen(answers, understand, final, heard))
    # asyncio.wait takes no exception of its tasks: why the channel ended makes no difference.
    await asyncio.wait(
        {reading, channel.closing}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
    )
    if reading.done():
        reading.result()
    else:
        reading.cancel()
    return True, heard[-1] if heard else None


async def _answers(
    connection: Connection, channel: Channel, correlation: str
) -> asyncio.Queue[bytes]:
    """What comes to this channel in answer to `correlation`. Raises Outage."""
    answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(message: DeliveredMessage) -> None:
        if message.header.properties.correlation_id == correlation:
            await answers.put(message.body)

    async with answered(connection.gate):
        await channel.basic_consume(_DIRECT, take, no_ack=True)
    return answers


async def _listen(
    answers: asyncio.Queue[bytes],
    understand: Callable[[bytes], Answer | None],
    final: Callable[[Answer], bool],
    heard: list[Answer],
) -> None:
    while not (heard and final(heard[-1])):
        understood = understand(await answers.get())
        if understood is not None:
            heard.append(understood)
