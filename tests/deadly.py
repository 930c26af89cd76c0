"""The intake as a process, which dies of a message that says so, as if a library crashed on it.

Or stands still on it: in a call that lets other threads run, or in one that does not.

The program itself, but for the proof of tokens: that reads a message first, and is given to it.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from functools import partial
from typing import TYPE_CHECKING, Final

import uvloop

from worker import logs
from worker.app import keep
from worker.clock import now
from worker.roles.apart import Guards
from worker.roles.intake import intake, token_keys
from worker.settings import load
from worker.standing import Health, Standing
from worker.suspects import Suspects
from worker.undeliverable import Isolation
from worker.watchdog import watched

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from worker.domain.identity import Identity
    from worker.keys.token_keys import TokenKeys

DEADLY: Final = "DODELIJK"
STANDS: Final = "STAATSTIL"
KEEPS: Final = "HOUDTVAST"
_FOR_EVER: Final = 600
# It tries two to the power of the text's length ways, and lets go of the interpreter in none.
_WITHOUT_AN_END: Final = re.compile("(a+)+$")


class Deadly:
    """Proofs of the tokens that there are, but for messages that are deadly."""

    def __init__(self, proofs: TokenKeys) -> None:
        self._proofs = proofs
        self.open = proofs.open
        self.keep_fresh = proofs.keep_fresh
        self.look = proofs.look
        self.renew = proofs.renew

    def prove(self, headers: Mapping[str, Any], body: bytes) -> Identity:
        """As the program; where the message says so, nothing is left to tell of it."""
        if DEADLY.encode() in body:
            os.kill(os.getpid(), signal.SIGKILL)
        if STANDS.encode() in body:
            time.sleep(_FOR_EVER)
        if KEEPS.encode() in body:
            _WITHOUT_AN_END.match("a" * 64 + "b")
        return self._proofs.prove(headers, body)


async def main() -> None:
    """Take messages in until SIGTERM."""
    settings = load()
    logs.configure(settings)
    log, stop = logs.log(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    standing = Standing("intake", log)
    proofs, guards = Deadly(token_keys(settings, log)), Guards(Suspects(now, log), Isolation(log))
    run = partial(intake, settings, stop, standing, proofs=proofs, guards=guards)
    async with watched(settings.watchdog, Health([standing]), log):
        await keep(run, settings, stop, standing)


if __name__ == "__main__":
    uvloop.run(main())
