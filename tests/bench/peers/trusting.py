"""The intake without tokens: the same program, but whoever speaks is believed.

Only to see what proof costs. The program itself cannot be told to do without.
"""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING, Any

import uvloop

from worker import logs
from worker.clock import now
from worker.domain.identity import Identity, Scheme
from worker.roles.apart import Guards
from worker.roles.intake import intake
from worker.settings import load
from worker.standing import Standing
from worker.suspects import Suspects
from worker.undeliverable import Isolation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.domain.klantcontact import Opvoerder


class Anybody(Identity):
    """Whoever the message says it is."""

    __slots__ = ()

    def proves(self, opvoerder: Opvoerder) -> bool:
        """Always."""
        del opvoerder
        return True


class Trusting:
    """In the place of keys and tokens."""

    def __init__(self) -> None:
        now = time.time()
        self._anybody = Anybody(Scheme.OPENID, now - 86_400, now + 86_400)

    def look(self) -> None:
        """Nothing changes."""

    def prove(self, headers: Mapping[str, Any], body: bytes) -> Identity:
        """Believe it."""
        del headers, body
        return self._anybody

    async def renew(self) -> bool:
        """There are no keys."""
        return False

    async def open(self) -> None:
        """There are no keys."""

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """There are no keys."""


async def main() -> None:
    """Take messages in until SIGTERM."""
    settings = load()
    logs.configure(settings)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    log = logs.log()
    standing = Standing("intake", log)
    await intake(
        settings,
        stop,
        standing,
        proofs=Trusting(),
        guards=Guards(Suspects(now, log), Isolation(log)),
    )


if __name__ == "__main__":
    uvloop.run(main())
