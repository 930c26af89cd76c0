"""Free ports on the loopback address."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from worker.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOOPBACK: Final = "127.0.0.1"
# Below the range from which the kernel takes ports for outgoing connections: one of those could
# take the port between our look and the server's bind.
_FIRST, _LAST = 20_000, 32_000
_ATTEMPTS: Final = 200


@contextmanager
def reserved(count: int) -> Iterator[list[int]]:
    """`count` different free ports, which nobody else who asks here gets within the block.

    The servers that they are for can bind them: like all servers they ask to reuse the address.
    Raises StackError.
    """
    with ExitStack() as held:
        ports: list[int] = []
        for port in random.sample(range(_FIRST, _LAST), _ATTEMPTS):
            if len(ports) == count:
                break
            reservation = held.enter_context(socket.socket())
            if _reserve(reservation, port):
                ports.append(port)
        if len(ports) < count:
            message = f"no {count} free ports between {_FIRST} and {_LAST} on {LOOPBACK}"
            raise StackError(message)
        yield ports


@contextmanager
def reserved_again(wanted: Mapping[str, int | None]) -> Iterator[dict[str, int]]:
    """By name the port that is wanted, or another one where somebody listens on it by now.

    Raises StackError.
    """
    with ExitStack() as held:
        ports = {
            name: port
            for name, port in wanted.items()
            if port is not None and _reserve_again(held.enter_context(socket.socket()), port)
        }
        others = [name for name in wanted if name not in ports]
        fresh = held.enter_context(reserved(len(others)))
        yield ports | dict(zip(others, fresh, strict=True))


def free_ports(count: int) -> list[int]:
    """`count` different ports that are free now, for a server that starts at once.

    Raises StackError.
    """
    with reserved(count) as ports:
        return ports


def accepts(port: int) -> bool:
    """Whether somebody listens on `port`."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _reserve_again(reservation: socket.socket, port: int) -> bool:
    """Bind a port that was ours: connections of then may still be ending on it."""
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        reservation.bind((LOOPBACK, port))
    except OSError:
        return False
    return True


def _reserve(reservation: socket.socket, port: int) -> bool:
    """Bind `port` if nobody else has, not even for a server that is still to come."""
    try:
        reservation.bind((LOOPBACK, port))
    except OSError:
        return False
    # After the bind: before it, two reservations of one port would not exclude each other.
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return True
