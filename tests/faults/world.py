"""What a run under faults consists of, and what a fault is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

    from tests.failing_broker import FailingBroker
    from tests.faults.wires.mail_server import MailServer
    from tests.faults.wires.wire import Wire
    from worker.stack.state import StackState


class Unavailable(Exception):
    """This fault cannot be made here, or did not come about; the message says why."""


class Workers(Protocol):
    """The processes of the program, each started anew when it ended."""

    @property
    def names(self) -> Sequence[str]:
        """Those that run now."""

    def pid(self, name: str) -> int:
        """The process id of one that runs now."""

    async def kill(self, name: str) -> None:
        """SIGKILL; returns when it is gone."""

    async def terminate(self, name: str) -> None:
        """SIGTERM; returns when it is gone."""


@dataclass
class World:
    """One run: its stack, the ways to it, and the processes of the program."""

    chance: random.Random
    """The only source of chance for faults."""
    state: StackState
    """The stack's addresses, without wires."""
    stack_dir: Path
    database: str
    """The superuser's URL of the run's own database, without a wire."""
    failing: FailingBroker
    """What the wire to the broker leads to."""
    amqp: Wire
    publishing: Wire
    postgres: Wire
    smtp: Wire
    mail_server: MailServer
    workers: Workers


Fault = Callable[[World], AbstractAsyncContextManager[None]]
"""Entering returns when the fault holds, leaving when the outside is well again."""
