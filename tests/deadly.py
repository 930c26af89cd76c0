"""The intake as a process, which dies of a message that says so, as if a library crashed on it.

The program itself, but for the proof of tokens: that reads a message first, and is given to it.
"""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from typing import TYPE_CHECKING, Final

import uvloop

from worker import logs
from worker.app import keep
from worker.clock import now
from worker.roles.intake import intake, token_keys
from worker.settings import load
from worker.suspects import Suspects

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from worker.domain.identity import Identity
    from worker.keys.token_keys import TokenKeys

DEADLY: Final = "DODELIJK"


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
        return self._proofs.prove(headers, body)


async def main() -> None:
    """Take messages in until SIGTERM."""
    settings = load()
    logs.configure(settings)
    log, stop = logs.log(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    proofs, suspects = Deadly(token_keys(settings, log)), Suspects(now, log)
    await keep(
        partial(intake, settings, stop, log, proofs=proofs, suspects=suspects), settings, stop, log
    )


if __name__ == "__main__":
    uvloop.run(main())
