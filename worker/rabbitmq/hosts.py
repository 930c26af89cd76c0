"""The hosts of a broker: read from one URL, resolved, and tried in an order that spreads."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from worker.concurrency import Deadline
from worker.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

URL: Final = "KLANTCONTACT_AMQP_URL"
_PORTS: Final = {"amqp": 5672, "amqps": 5671}
_HIGHEST_PORT: Final = 65535
# urlsplit takes no second host in brackets.
_PARTS: Final = re.compile(r"([A-Za-z]+)://([^/?#]*)(.*)", re.ASCII | re.DOTALL)
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:\s]+)(?::([0-9]{1,5}))?", re.ASCII)
_RESOLVE_SECONDS: Final = 2
# So long a host that failed is tried last: a node that restarts is back by then.
_LATELY_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Host:
    """One host of the broker; `url` names no other."""

    name: str
    port: int
    url: str = field(repr=False, compare=False)

    def __str__(self) -> str:
        """As in a URL: `mq-1.example.nl:5671`."""
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Target:
    """One address of a host: a name may stand for several."""

    host: Host
    ip: str


def hosts(url: str) -> tuple[Host, ...]:
    """The hosts of `amqps://user:password@h1:5671,h2,h3/vhost`; raises UsageError, without them.

    A host without a port gets the scheme's. What cannot be read may be a part of the password,
    so a host is named by its place in the list.
    """
    found = _PARTS.fullmatch(url)
    scheme = found[1].lower() if found else ""
    if found is None or scheme not in _PORTS:
        raise UsageError(f"{URL} begins with amqps:// or amqp://")
    login, at, listed = found[2].rpartition("@")
    if "@" in login and "," in login:
        raise UsageError(
            f"{URL} names the user once, before the first host: user:password@host1,host2;"
            " in a password @ is written %40"
        )
    if not listed:
        raise UsageError(f"{URL} names no host: {scheme}://user:password@host/")
    before, each = f"{scheme}://{login}{at}", listed.split(",")
    found_each = [
        _host(text, _PORTS[scheme], f"host {place} of {len(each)}" if each[1:] else "the host")
        for place, text in enumerate(each, start=1)
    ]
    return tuple(
        Host(name.strip("[]"), port, f"{before}{name}:{port}{found[3]}")
        for name, port in found_each
    )


def _host(text: str, default: int, which: str) -> tuple[str, int]:
    """The host as it is written, and its port."""
    if not text:
        raise UsageError(f"{URL}: {which} is empty; is there a comma too many?")
    found = _HOST.fullmatch(text)
    port = int((found and found[2]) or default)
    if found is None or not 0 < port <= _HIGHEST_PORT:
        raise UsageError(
            f"{URL} cannot be read: {which} is no host or host:port; is the password encoded?"
        )
    return found[1], port


async def targets(of: Sequence[Host]) -> tuple[list[Target], list[Host]]:
    """All addresses of the hosts, and the hosts whose name nobody knows, or not in time."""
    found = await asyncio.gather(*(_addresses(each) for each in of))
    known = [Target(host, ip) for host, ips in zip(of, found, strict=True) for ip in ips]
    return known, [host for host, ips in zip(of, found, strict=True) if not ips]


async def _addresses(host: Host) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    try:
        async with Deadline(_RESOLVE_SECONDS):
            answers = await loop.getaddrinfo(host.name, host.port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        return []
    return list(dict.fromkeys(str(each[4][0]) for each in answers))


class Failed:
    """The targets of this process that failed lately: others come first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._moments: dict[Target, float] = {}

    def note(self, target: Target) -> None:
        """It could not be connected to, or a connection to it ended in an outage."""
        self._forget()
        self._moments[target] = self._clock()

    def order(self, of: Sequence[Target]) -> list[Target]:
        """At random, so that processes spread over the hosts; those that failed last come last."""
        self._forget()
        mixed = random.sample(of, len(of))
        return sorted(mixed, key=lambda each: self._moments.get(each, float("-inf")))

    def _forget(self) -> None:
        oldest = self._clock() - _LATELY_SECONDS
        self._moments = {each: at for each, at in self._moments.items() if at > oldest}
