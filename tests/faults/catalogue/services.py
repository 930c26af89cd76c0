"""Ending services of the stack and starting them again, as the stack itself does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from tests.faults.world import Unavailable
from worker.rabbitmq import topology
from worker.rabbitmq.probe import BrokerUnreachableError, log_in, missing_queues
from worker.stack.ports import accepts
from worker.stack.postgres import Server
from worker.stack.process import Process, end, recorded, spawn, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.world import World

_END_SECONDS: Final = 20.0
_START_SECONDS: Final = 90.0


def process(world: World, name: str) -> Process:
    """One of the stack's processes. Raises Unavailable where it has none of that name."""
    for each in recorded(world.stack_dir / "run"):
        if each.name == name:
            return each
    raise Unavailable(f"the stack in {world.stack_dir} runs no {name} of its own")


async def ended(world: World, name: str, number: int) -> None:
    """Send the signal and return when the process is gone."""
    await asyncio.to_thread(end, [process(world, name)], {name: number}, seconds=_END_SECONDS)


async def start_postgres(world: World) -> None:
    """Return when it takes connections."""
    parts = urlsplit(world.state.postgres)
    server = Server(
        world.stack_dir / "postgres",
        world.stack_dir / "run",
        unquote(parts.password or ""),
        parts.port or 0,
    )

    def start() -> None:
        if not _runs(world, "postgres"):
            server.start()
            server.await_ready()

    await asyncio.to_thread(start)


async def start_rabbitmq(world: World) -> None:
    """Return when every queue is there and the worker is let in."""
    await asyncio.to_thread(_start_rabbitmq, world)


async def rabbitmqctl(world: World, *arguments: str) -> str:
    """What the node's own tool says. Raises Unavailable when it fails."""
    environment, folder = surroundings(process(world, "epmd"))
    tool = await asyncio.create_subprocess_exec(
        str(folder / "rabbitmqctl"), "--quiet", *arguments,
        cwd=folder, env=dict(environment),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            said, _ = await tool.communicate()
    finally:
        if tool.returncode is None:
            tool.kill()
            await tool.wait()
    if tool.returncode != 0:
        raise Unavailable(f"rabbitmqctl {arguments[0]}: {said.decode().strip()[-200:]}")
    return said.decode().strip()


def surroundings(beside: Process) -> tuple[Mapping[str, str], Path]:
    """The environment and the folder that the stack gave its node: the port mapper has the same."""
    proc = Path("/proc") / str(beside.pid)
    entries = (proc / "environ").read_bytes().decode().split("\0")
    return dict(each.split("=", 1) for each in entries if each), (proc / "cwd").readlink()


def _runs(world: World, name: str) -> bool:
    return any(each.name == name and each.alive() for each in recorded(world.stack_dir / "run"))


def _start_rabbitmq(world: World) -> None:
    if _runs(world, "rabbitmq"):
        return
    environment, folder = surroundings(process(world, "epmd"))
    log = world.stack_dir / "rabbitmq/log/rabbitmq.out"
    node = spawn(
        world.stack_dir / "run/rabbitmq.pid",
        ["./rabbitmq-server"],
        environment=environment,
        cwd=folder,
        log=log,
    )
    wait_until(lambda: _complete(world), node, seconds=_START_SECONDS, log=log, what="RabbitMQ")


def _complete(world: World) -> bool:
    queues = [queue["name"] for queue in topology.definitions()["queues"]]
    if not accepts(urlsplit(world.state.amqp).port or 0):
        return False
    try:
        if asyncio.run(missing_queues(world.state.amqp_admin, queues)):
            return False
        asyncio.run(log_in(world.state.amqp))
    except BrokerUnreachableError:
        return False
    return True
