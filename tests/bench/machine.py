"""On what was measured: the machine and the versions, without names or places."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import broker, database

if TYPE_CHECKING:
    from worker.stack.state import StackState

_PACKAGES = ("aio-pika", "asyncpg", "faststream", "uvloop", "klantcontact")


def machine() -> dict[str, Any]:
    """Cores that we may use, the processor's model, and memory in GiB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _processor(),
        "memory_gib": round(memory / 2**30, 1),
    }


async def versions(state: StackState) -> dict[str, str]:
    """What matters for the figures."""
    async with database.connection(state.postgres) as connection:
        server = await connection.fetchval("show server_version")
    return {
        "python": platform.python_version(),
        "rabbitmq": await broker.version(state.amqp_admin),
        "postgres": str(server),
        **{package: version(package) for package in _PACKAGES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in {"model name", "Model"}:
            return value.strip()
    return platform.machine()
