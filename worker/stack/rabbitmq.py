"""A private RabbitMQ node with the project's definitions, on free loopback ports.

Everything that it reads and writes lies in one folder; the machine's own RabbitMQ, its
configuration, its epmd and its Erlang cookie are left alone.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from worker.rabbitmq import topology
from worker.rabbitmq.probe import BrokerUnreachableError, log_in, missing_queues
from worker.rabbitmq.users import ADMIN, user_definitions
from worker.stack import private
from worker.stack.ports import LOOPBACK, accepts
from worker.stack.process import Process, spawn, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from worker.stack.software import Software

MAX_MESSAGE_SIZE: Final = 8 * 1024 * 1024
START_TIMEOUT: Final = 90.0
WORKER: Final = "worker"

_CONFIGURATION: Final = """\
listeners.tcp.local = {address}:{port}
max_message_size = {max_message_size}
load_definitions = {definitions}
log.console = false
log.file = rabbitmq.log
log.file.level = info
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A node in `folder`: records of its processes in `run`, its users' passwords by name.

    `ports` are for AMQP, for Erlang's distribution and for its port mapper. What a plugin is to
    know stands in `folder`/conf.d.
    """

    folder: Path
    run: Path
    software: Software
    passwords: Mapping[str, str]
    ports: tuple[int, int, int]
    plugins: tuple[str, ...] = ()
    _started: list[Process] = field(default_factory=list)

    def url(self, user: str) -> str:
        """The AMQP URL of one of the users, the virtual host spelled out for every client."""
        return f"amqp://{user}:{self.passwords[user]}@{LOOPBACK}:{self.ports[0]}/%2F"

    def start(self) -> None:
        """Start epmd and the node, and don't wait for the node. Raises StackError."""
        self._configure()
        epmd = self._spawn("epmd", [self.software.program("epmd"), "-address", LOOPBACK])
        wait_until(
            lambda: accepts(self.ports[2]),
            epmd,
            seconds=30,
            log=self._log("epmd"),
            what="Erlang's port mapper",
        )
        self._spawn("rabbitmq", [f"./{self.software.server.name}"])

    def await_ready(self) -> None:
        """Return when `worker` can log in and every queue is there. Raises StackError."""
        wait_until(
            self._ready,
            self._started[-1],
            seconds=START_TIMEOUT,
            log=self._log("rabbitmq"),
            what="RabbitMQ",
        )

    def _ready(self) -> bool:
        if not accepts(self.ports[0]):
            return False
        try:
            return asyncio.run(_complete(self.url(ADMIN), self.url(WORKER)))
        except BrokerUnreachableError:
            return False

    def _spawn(self, name: str, command: list[str]) -> Process:
        started = spawn(
            self.run / f"{name}.pid",
            command,
            environment=self._environment(),
            # Relative: RabbitMQ's scripts don't quote their own folder, which may hold a space.
            cwd=self.software.server.parent,
            log=self._log(name),
        )
        self._started.append(started)
        return started

    def _log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.out"

    def _configure(self) -> None:
        for name in ("definitions", "home", "log", "mnesia", "tmp"):
            private.make_folder(self.folder / name)
        definitions = self.folder / "definitions"
        private.write(definitions / "1-topology.json", json.dumps(topology.definitions()))
        users = json.dumps(user_definitions(self.passwords))
        private.write(definitions / "2-users.json", users)
        configuration = _CONFIGURATION.format(
            address=LOOPBACK,
            port=self.ports[0],
            max_message_size=MAX_MESSAGE_SIZE,
            definitions=definitions,
        )
        private.write(self.folder / "rabbitmq.conf", configuration)
        private.write(self.folder / "enabled_plugins", f"[{','.join(self.plugins)}].\n")
        cookie = self.folder / "home" / ".erlang.cookie"
        if not cookie.exists():
            private.write(cookie, secrets.token_hex(20))

    def _environment(self) -> dict[str, str]:
        """All of it: what the machine sets for its own RabbitMQ must not reach this one."""
        folder = self.folder
        _, distribution, epmd = (str(port) for port in self.ports)
        return {
            "PATH": self.software.path,
            "LC_ALL": "C.UTF-8",
            "HOME": f"{folder / 'home'}",
            "TMPDIR": f"{folder / 'tmp'}",
            "ERL_EPMD_PORT": epmd,
            "ERL_EPMD_ADDRESS": LOOPBACK,
            # No dump: it takes a second, and the error would no longer be the log's last line.
            "ERL_CRASH_DUMP": f"{folder / 'log' / 'erl_crash.dump'}",
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_NODENAME": f"{folder.parent.name}@localhost",
            "RABBITMQ_DIST_PORT": distribution,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": f"{folder / 'mnesia'}",
            "RABBITMQ_LOG_BASE": f"{folder / 'log'}",
            "RABBITMQ_CONFIG_FILE": f"{folder / 'rabbitmq.conf'}",
            "RABBITMQ_CONFIG_FILES": f"{folder / 'conf.d'}",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder / 'advanced.config'}",
            "RABBITMQ_CONF_ENV_FILE": f"{folder / 'rabbitmq-env.conf'}",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder / 'enabled_plugins'}",
            "RABBITMQ_GENERATED_CONFIG_DIR": f"{folder / 'tmp'}",
            # Makes the script become the node instead of waiting for it: our record of the
            # process is then the node's own.
            "detached": "true",
        }


async def _complete(admin: str, worker: str) -> bool:
    """Whether all queues are there and the worker is let in. Raises BrokerUnreachableError."""
    queues = [queue["name"] for queue in topology.definitions()["queues"]]
    if await missing_queues(admin, queues):
        return False
    await log_in(worker)
    return True
