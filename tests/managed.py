"""A RabbitMQ of the test's own with its management plugin, and what is on it."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.waiting import DEADLINE
from worker.rabbitmq.topology import USERS
from worker.rabbitmq.users import ADMIN
from worker.stack import chosen, private
from worker.stack.looking import default_root
from worker.stack.ports import LOOPBACK, accepts, reserved
from worker.stack.process import end, recorded, wait_until
from worker.stack.rabbitmq import Node
from worker.stack.software import find_or_unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_CONFIGURATION = "management.tcp.ip = {address}\nmanagement.tcp.port = {port}\n"


@dataclass(frozen=True, slots=True)
class Managed:
    """Its management address, and the password of each of its users."""

    url: str
    passwords: Mapping[str, str]
    administrator: httpx.Client

    def ask(self, method: str, path: str, content: object = None) -> Any:  # noqa: ANN401 (any JSON)
        """As the administrator."""
        answer = self.administrator.request(method, path, json=content)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def definitions(self) -> dict[str, Any]:
        """What is on the virtual host, in the form that RabbitMQ imports."""
        found: dict[str, Any] = self.ask("GET", "definitions/%2F")
        return found

    def empty(self) -> None:
        """Take away all that is on the virtual host."""
        self.ask("DELETE", "vhosts/%2F")
        self.ask("PUT", "vhosts/%2F")
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.ask("PUT", f"permissions/%2F/{ADMIN}", everything)


@contextmanager
def managed() -> Iterator[Managed]:
    """Started, and ended with the block. Raises StackError."""
    root = default_root()
    name = f"test-management-{os.getpid()}"
    folder = root / name
    search, asked = os.environ.get("PATH", ""), os.environ.get(chosen.RABBITMQ, "")
    software = find_or_unpack(root / "software", print, search, asked)
    passwords = {user: secrets.token_urlsafe(12) for user in (*USERS, ADMIN)}
    try:
        with reserved(4) as (*ports, port):
            amqp, distribution, mapper = ports
            run = private.make_folder(folder / "run")
            node = Node(
                private.make_folder(folder / "rabbitmq"),
                run,
                software,
                passwords,
                (amqp, distribution, mapper),
                ("rabbitmq_management",),
            )
            _configure(node.folder, port)
            node.start()
            node.await_ready()
        (process,) = [each for each in recorded(run) if each.name == "rabbitmq"]
        log = node.folder / "log" / "rabbitmq.out"
        wait_until(lambda: accepts(port), process, seconds=60, log=log, what="its management")
        url, login = f"http://{LOOPBACK}:{port}", (ADMIN, passwords[ADMIN])
        with httpx.Client(base_url=f"{url}/api/", auth=login, timeout=DEADLINE) as administrator:
            yield Managed(url, passwords, administrator)
    finally:
        end(recorded(folder / "run"), {}, seconds=20)
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path, port: int) -> None:
    private.make_folder(folder / "conf.d")
    text = _CONFIGURATION.format(address=LOOPBACK, port=port)
    private.write(folder / "conf.d" / "management.conf", text)
