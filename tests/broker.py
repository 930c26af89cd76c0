"""The broker as channels and the administrator see it, over aio-pika itself."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

import aio_pika
from aiormq.exceptions import ChannelNotFoundEntity

from tests.tokens import authorization
from tests.waiting import DEADLINE
from worker.rabbitmq import topology

if TYPE_CHECKING:
    from aio_pika.abc import AbstractChannel

    from worker.stack.state import StackState

QUEUES = [each["name"] for each in topology.definitions()["queues"]]


class Broker:
    """Each user's channel, opened when first asked for; all in confirm mode."""

    def __init__(self, state: StackState) -> None:
        self.state = state
        self._open = AsyncExitStack()
        self._channels: dict[str, AbstractChannel] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def url(self, user: str) -> str:
        return self.state.amqp_admin if user == "admin" else self.state.users[user]

    async def version(self) -> tuple[int, ...]:
        """RabbitMQ's version, as (4, 0, 5)."""
        async with await aio_pika.connect(self.url("worker")) as connection:
            assert connection.transport is not None
            said = connection.transport.connection.server_properties["version"]
        return tuple(map(int, str(said).split(".")))

    async def channel(self, user: str) -> AbstractChannel:
        known = self._channels.get(user)
        if known is not None and not known.is_closed:
            return known
        connection = await aio_pika.connect(self.url(user))
        await self._open.enter_async_context(connection)
        self._channels[user] = await connection.channel(on_return_raises=True)
        return self._channels[user]

    async def publish(
        self,
        body: bytes,
        *,
        user: str = "callcenter",
        exchange: str = topology.REGISTRATIE,
        routing_key: str | None = None,
        **properties: object,
    ) -> None:
        """Publish with a confirm; properties are those of a good message unless given."""
        given: dict[str, Any] = {
            "content_type": "application/json",
            "user_id": user,
            "delivery_mode": aio_pika.DeliveryMode.PERSISTENT,
            **properties,
        }
        # A header of None is left out, as a token that a test does without.
        headers = {**authorization(body, given.get("timestamp")), **given.get("headers", {})}
        given["headers"] = {name: each for name, each in headers.items() if each is not None}
        target = await (await self.channel(user)).get_exchange(exchange, ensure=False)
        key = routing_key or ("zaak" if exchange == topology.ZAKEN else user)
        await target.publish(aio_pika.Message(body, **given), key, timeout=DEADLINE)

    async def fact(self, body: bytes, **properties: object) -> None:
        """Publish to klantcontact.zaken as the zaaksysteem."""
        await self.publish(
            body, user="zaaksysteem", exchange=topology.ZAKEN, routing_key="zaak", **properties
        )

    async def depth(self, queue: str) -> int:
        """How many messages wait."""
        channel = await self.channel("admin")
        declared = await channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0

    async def purge(self) -> None:
        """Empty every queue, and make anew what a test took away."""
        for name in QUEUES:
            channel = await self.channel("admin")
            try:
                queue = await channel.get_queue(name)
            except ChannelNotFoundEntity:
                continue
            await queue.purge()
