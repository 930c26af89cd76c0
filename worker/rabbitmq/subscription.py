"""What one channel asks of the broker: the deliveries of some queues, until further notice."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Final

from worker.rabbitmq.connection import answered, translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiormq.abc import DeliveredMessage
    from aiormq.channel import Channel

    from worker.rabbitmq.gate import Gate

_MARK: Final = "#"


class Subscription:
    """The consumers of a channel, one for each queue. Each call raises Outage."""

    def __init__(self, channel: Channel, gate: Gate) -> None:
        self._channel = channel
        self._gate = gate
        self._queues: tuple[str, ...] = ()
        self._one_at_a_time = asyncio.Lock()
        self._tags: list[str] = []
        self._numbers = count(1)
        self.resting = False
        """Whether nothing more is asked for at the moment."""

    @property
    def established(self) -> bool:
        """Whether the broker has answered, so that deliveries may come."""
        return bool(self._tags) and not (self.resting or self._one_at_a_time.locked())

    async def begin(self, queues: Sequence[str], prefetch: int) -> None:
        """Ask for deliveries, up to `prefetch` of each queue that are not acknowledged."""
        self._queues = tuple(queues)
        async with self._one_at_a_time:
            async with answered(self._gate):
                await self._channel.basic_qos(prefetch_count=prefetch)
            await self._ask()

    async def add(self, queue: str) -> None:
        """Ask for deliveries of one more queue."""
        async with self._one_at_a_time:
            self._queues += (queue,)
            if not self.resting:
                self._tags += await self._consume([queue])

    async def rest(self) -> None:
        """Ask for nothing more; what was under way may still come."""
        async with self._one_at_a_time:
            await self._cancel(self._tags)
            self.resting = True

    async def wake(self) -> None:
        """Ask again after a rest."""
        async with self._one_at_a_time:
            if self.resting:
                self.resting = False
                await self._ask()

    async def _ask(self) -> None:
        self._tags = await self._consume(self._queues)

    async def _consume(self, queues: Sequence[str]) -> list[str]:
        """Have these delivered; the tags of their consumers."""
        tags = [f"{queue}{_MARK}{next(self._numbers)}" for queue in queues]
        for queue, tag in zip(queues, tags, strict=True):
            async with answered(self._gate):
                await self._channel.basic_consume(queue, _never, consumer_tag=tag)
        return tags

    async def _cancel(self, tags: Sequence[str]) -> None:
        """Without waiting for an answer: it would come behind what the gate holds back."""
        with translated():
            for tag in tags:
                await self._channel.basic_cancel(tag, nowait=True)


def queue_of(tag: str) -> str:
    """The queue that a delivery comes from, by its consumer's tag.

    A tag is never used again, so that nothing of an earlier consumer is taken for a later one's.
    """
    return tag.partition(_MARK)[0]


async def _never(_: DeliveredMessage) -> None:
    """The transport hands deliveries to the taker, and none to aiormq."""
