"""What comes over one channel, for as long as somebody wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

    from worker.envelope import Delivery


class Destination(Protocol):
    """Where it goes."""

    def deliver(self, tag: int, delivery: Delivery) -> None:
        """Take one delivery."""

    def fail(self, what: str) -> None:
        """Nothing more will come, for this reason."""


@dataclass(slots=True)
class Way:
    """Once it is not `open` any more, whatever comes is let go: the channel's end gives it back."""

    to: Destination
    open: bool = True

    def deliver(self, tag: int, delivery: Delivery) -> None:
        """Pass one delivery on."""
        if self.open:
            self.to.deliver(tag, delivery)

    def on_cancel(self, _: object) -> None:
        """The broker cancelled a consumer."""
        if self.open:
            self.to.fail("RabbitMQ cancelled a consumer: a queue was deleted or has no leader")

    def on_close(self, closing: asyncio.Future[object]) -> None:
        """The channel ended."""
        if not closing.cancelled():
            closing.exception()
        if self.open:
            self.to.fail("RabbitMQ closed the connection")
