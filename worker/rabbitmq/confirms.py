"""Confirms of what one channel published, taken from its frames.

The broker numbers what comes on a channel in confirm mode from 1 on, and answers by number:
up to one, or one alone, and for good or ill. What is mandatory and has no queue it sends back
first, without a number, and confirms then; so it is known by its route and message id.
(AMQP 0-9-1, basic.return; RabbitMQ's extension, basic.ack and basic.nack to a publisher.)
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from worker.rabbitmq.properties import decoded
from worker.rabbitmq.transport import HEADER, METHOD

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

_ACK: Final = b"\x00\x3c\x00\x50"
_NACK: Final = b"\x00\x3c\x00\x78"
_RETURN: Final = b"\x00\x3c\x00\x32"

Route = tuple[str, str, str]
"""Exchange, routing key and message id."""


@dataclass(slots=True)
class Window:
    """What is published together: by place whether it was confirmed, and how many are open.

    `done` has its result when none is. `heard` is when the broker confirmed one of them last, by
    `time.monotonic`.
    """

    confirmed: list[bool]
    missing: int
    done: asyncio.Future[None]
    heard: float = float("-inf")


@dataclass(slots=True)
class _Open:
    """One message that the broker has not answered for."""

    window: Window
    place: int
    route: Route
    returned: bool = False


@dataclass(slots=True)
class _Returning:
    """A message on its way back; `missing` bytes of it, once they are known."""

    exchange: str
    routing_key: str
    missing: int = 0


class Confirms:
    """The frames of a channel that publishes."""

    def __init__(self) -> None:
        self._last = 0
        self._open: dict[int, _Open] = {}
        self._returning: _Returning | None = None

    def expect(self, window: Window, start: int, routes: Sequence[Route]) -> None:
        """Count what was written: the places of `window` from `start` on."""
        for place, route in enumerate(routes, start):
            self._last += 1
            self._open[self._last] = _Open(window, place, route)

    def take(self, kind: int, payload: bytes) -> bool:
        """Whether the frame is a confirm, or belongs to a message that comes back."""
        if self._returning is not None:
            return self._take_back(self._returning, kind, payload)
        if kind != METHOD:
            return False
        method = payload[:4]
        if method in {_ACK, _NACK}:
            tag, several = int.from_bytes(payload[4:12]), bool(payload[12] & 1)
            self._settle(self._meant(tag, several=several), well=method == _ACK)
        elif method == _RETURN:
            self._returning = _returning(payload)
        else:
            return False
        return True

    def _meant(self, tag: int, *, several: bool) -> list[int]:
        if not several:
            return [tag] if tag in self._open else []
        meant = []
        for each in self._open:  # in the order of their numbers
            if each > tag:
                break
            meant.append(each)
        return meant

    def _settle(self, tags: Sequence[int], *, well: bool) -> None:
        now = time.monotonic()
        for tag in tags:
            answered = self._open.pop(tag)
            window = answered.window
            window.confirmed[answered.place] = well and not answered.returned
            window.missing -= 1
            window.heard = now
            if not window.missing and not window.done.done():
                window.done.set_result(None)

    def _take_back(self, returning: _Returning, kind: int, payload: bytes) -> bool:
        if kind == METHOD:
            return False
        if kind == HEADER:
            returning.missing = int.from_bytes(payload[4:12])
            route = (returning.exchange, returning.routing_key, decoded(payload)[0].message_id)
            for each in self._open.values():
                each.returned = each.returned or each.route == route
        else:
            returning.missing -= len(payload)
        if returning.missing == 0:
            self._returning = None
        return True


def _returning(payload: bytes) -> _Returning:
    """basic.return: a code, the reason in words, the exchange and the routing key."""
    texts, place = [], 6
    for _ in range(3):
        end = place + 1 + payload[place]
        texts.append(payload[place + 1 : end].decode())
        place = end
    return _Returning(texts[1], texts[2])
