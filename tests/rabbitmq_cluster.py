"""Three nodes of deploy/rabbitmq/cluster on this machine."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.certificates import HERE, Authority
from tests.rabbitmq_node import FOLDER, NAMES, Node, start, start_epmd
from worker.rabbitmq import topology
from worker.rabbitmq.users import user_definitions
from worker.stack import process
from worker.stack.looking import default_root
from worker.stack.ports import LOOPBACK, accepts, free_ports
from worker.stack.software import find_or_unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PASSWORDS = {"admin": "geheim", "worker": "geheim", "callcenter": "geheim"}
_SECONDS = 120
_LOOK_AGAIN = 0.5
_WAITING = re.compile(r'^rabbitmq_detailed_queue_messages_ready\{.*queue="([^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The nodes, and the authority of their certificates."""

    nodes: tuple[Node, ...]
    ca: Path
    processes: tuple[process.Process, ...] = ()
    """Of each node, in the same order."""

    def silence(self, place: int) -> None:
        """Stop one node in the middle of whatever it does: it takes bytes, and answers nobody."""
        os.killpg(self.processes[place].pid, signal.SIGSTOP)

    def wake(self, place: int) -> None:
        """Let it go on."""
        os.killpg(self.processes[place].pid, signal.SIGCONT)

    def url(self, user: str, places: Sequence[int] = (0, 1, 2)) -> str:
        """One URL of some of the nodes, over TLS."""
        listed = ",".join(f"localhost:{self.nodes[place].amqp}" for place in places)
        return f"amqps://{user}:{PASSWORDS[user]}@{listed}/"

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))

    def ask(self, path: str) -> Any:  # noqa: ANN401 (JSON)
        """What the management plugin of the last node answers, over TLS that is verified."""
        url = f"https://localhost:{self.nodes[-1].management}/api/{path}"
        answer = httpx.get(url, auth=("admin", PASSWORDS["admin"]), verify=self.trusted())
        answer.raise_for_status()
        return answer.json()

    def spread(self) -> None:
        """Begin what `rabbitmq-queues rebalance` does."""
        url = f"https://localhost:{self.nodes[-1].management}/api/rebalance/queues"
        who = ("admin", PASSWORDS["admin"])
        httpx.post(url, auth=who, verify=self.trusted()).raise_for_status()

    def waiting(self, node: Node) -> list[str]:
        """The queues of which that node tells Prometheus how much waits in them."""
        url = f"http://{LOOPBACK}:{node.prometheus}/metrics/detailed?family=queue_coarse_metrics"
        return _WAITING.findall(httpx.get(url).text)


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """The cluster, complete: every node knows every other and the queues are there."""
    software = find_or_unpack(
        default_root() / "software",
        lambda _line: None,
        os.environ["PATH"],
        os.environ.get("KLANTCONTACT_STACK_RABBITMQ", ""),
    )
    authority = Authority(folder)
    authority.issue("server", *HERE)
    _define(folder / "definitions")
    cookie = secrets.token_hex(20)
    epmd, *ports = free_ports(1 + 4 * len(NAMES))
    each = iter(ports)
    nodes = tuple(Node(name, *(next(each) for _ in range(4))) for name in NAMES)
    started = [start_epmd(folder, software, epmd)]
    try:
        started.extend(start(folder, node, software, epmd, cookie) for node in nodes)
        cluster = Cluster(nodes, authority.ca, tuple(started[1:]))
        _await(cluster)
        yield cluster
    finally:
        process.end(started, {}, seconds=30)


def _define(folder: Path) -> None:
    folder.mkdir()
    shutil.copy(FOLDER / "definitions.json", folder / "1-topology.json")
    (folder / "2-users.json").write_text(json.dumps(user_definitions(PASSWORDS)))


def _await(cluster: Cluster) -> None:
    deadline = time.monotonic() + _SECONDS
    while not _complete(cluster):
        assert time.monotonic() < deadline, "the cluster is not complete"
        time.sleep(_LOOK_AGAIN)


def _complete(cluster: Cluster) -> bool:
    ports = [port for node in cluster.nodes for port in (node.amqp, node.prometheus)]
    if not all(accepts(port) for port in ports):
        return False
    wanted = {each["name"] for each in topology.definitions()["queues"]}
    try:
        queues = cluster.ask("queues")
        return len(cluster.ask("nodes")) == len(NAMES) and wanted == {
            each["name"] for each in queues if len(each.get("members", ())) == len(NAMES)
        }
    except httpx.HTTPError:
        return False
