"""What a stack consists of: its services, and the ports that each had."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from worker.stack import private
from worker.stack.looking import partly
from worker.stack.process import recorded

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from worker.stack.process import Process

SERVICES: Final = {
    "broker": {"epmd", "rabbitmq"},
    "mail": {"mail"},
    "database": {"postgres"},
}
"""The processes of each; a service runs if they all do."""
_PORTS: Final = {
    "amqp": "broker",
    "distribution": "broker",
    "epmd": "broker",
    "postgres": "database",
    "smtp": "mail",
}
"""Which service each port is of."""


def missing(folder: Path) -> set[str]:
    """What is to be started in `folder`: each service that lost a process, or all of them."""
    if partly(folder) is None or set(_PORTS) != set(kept_ports(folder)):
        return set(SERVICES)
    running = {process.name for process in recorded(folder / "run") if process.alive()}
    return {name for name, processes in SERVICES.items() if not processes <= running}


def processes_of(folder: Path, services: Collection[str]) -> list[Process]:
    """What was started of these, whether or not it still runs."""
    names = {name for service in services for name in SERVICES[service]}
    return [process for process in recorded(folder / "run") if process.name in names]


def idle_ports(folder: Path, services: Collection[str]) -> dict[str, int | None]:
    """The ports that these had, by what they are for; None for one that never was."""
    kept = kept_ports(folder)
    return {port: kept.get(port) for port, service in _PORTS.items() if service in services}


def kept_ports(folder: Path) -> dict[str, int]:
    """Those of the last time: whoever was connected looks for it there."""
    try:
        kept = json.loads(_file(folder).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {name: int(port) for name, port in kept.items()}


def keep_ports(folder: Path, ports: Mapping[str, int]) -> None:
    """For the next time."""
    private.write(_file(folder), json.dumps(ports))


def _file(folder: Path) -> Path:
    return folder / "ports.json"
