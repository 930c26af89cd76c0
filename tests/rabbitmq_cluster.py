"""Three nodes on this machine, of deploy/rabbitmq/cluster but for names, ports and paths."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.certificates import HERE, Authority
from worker.rabbitmq import topology
from worker.rabbitmq.users import user_definitions
from worker.stack import process
from worker.stack.looking import default_root
from worker.stack.ports import LOOPBACK, accepts, free_ports
from worker.stack.software import Software, find_or_unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[1] / "deploy/rabbitmq"
CONFIGURATION = FOLDER / "cluster/rabbitmq.conf"
PLUGINS = FOLDER / "cluster/enabled_plugins"
NAMES = ("mq-1", "mq-2", "mq-3")
PASSWORDS = {"admin": "geheim", "worker": "geheim"}
_SECONDS = 120
_WAITING = re.compile(r'^rabbitmq_detailed_queue_messages_ready\{.*queue="([^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Node:
    """One node: its ports for AMQP, management, Prometheus and Erlang's distribution."""

    name: str
    amqp: int
    management: int
    prometheus: int
    distribution: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """The nodes, and the authority of their certificates."""

    nodes: tuple[Node, ...]
    ca: Path

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))

    def ask(self, path: str) -> Any:  # noqa: ANN401 (JSON)
        """What the management plugin of the last node answers, over TLS that is verified."""
        url = f"https://localhost:{self.nodes[-1].management}/api/{path}"
        answer = httpx.get(url, auth=("admin", PASSWORDS["admin"]), verify=self.trusted())
        answer.raise_for_status()
        return answer.json()

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
    started = [_start_epmd(folder, software, epmd)]
    try:
        started.extend(_start(folder, node, software, epmd, cookie) for node in nodes)
        cluster = Cluster(nodes, authority.ca)
        _await(cluster)
        yield cluster
    finally:
        process.end(started, {}, seconds=30)


def _define(folder: Path) -> None:
    folder.mkdir()
    shutil.copy(FOLDER / "definitions.json", folder / "1-topology.json")
    (folder / "2-users.json").write_text(json.dumps(user_definitions(PASSWORDS)))


def _configuration(folder: Path, node: Node) -> str:
    text = CONFIGURATION.read_text(encoding="utf-8")
    changes = {
        **{f"rabbit@{name}": f"{name}@localhost" for name in NAMES},
        "/etc/rabbitmq/definitions": str(folder / "definitions"),
        "/etc/rabbitmq/tls": str(folder),
        "listeners.ssl.default = 5671": f"listeners.ssl.default = {LOOPBACK}:{node.amqp}",
        "management.ssl.port = 15671": f"management.ssl.port = {node.management}",
        "prometheus.tcp.port = 15692": f"prometheus.tcp.port = {node.prometheus}",
    }
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def _start_epmd(folder: Path, software: Software, port: int) -> process.Process:
    log = folder / "epmd.out"
    started = process.spawn(
        folder / "epmd.pid",
        [software.program("epmd"), "-address", LOOPBACK],
        environment={"PATH": software.path, "ERL_EPMD_PORT": str(port)},
        cwd=folder,
        log=log,
    )
    process.wait_until(lambda: accepts(port), started, seconds=30, log=log, what="epmd")
    return started


def _start(folder: Path, node: Node, software: Software, epmd: int, cookie: str) -> process.Process:
    home = folder / node.name
    home.mkdir()
    (home / "rabbitmq.conf").write_text(_configuration(folder, node))
    shutil.copy(PLUGINS, home)
    (home / ".erlang.cookie").write_text(cookie)
    (home / ".erlang.cookie").chmod(0o400)
    environment = {
        "PATH": software.path,
        "LC_ALL": "C.UTF-8",
        "HOME": f"{home}",
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_CRASH_DUMP": f"{home / 'erl_crash.dump'}",
        "ERL_CRASH_DUMP_SECONDS": "0",
        "RABBITMQ_NODENAME": f"{node.name}@localhost",
        "RABBITMQ_DIST_PORT": str(node.distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": f"{home}",
        "RABBITMQ_LOG_BASE": f"{home}",
        "RABBITMQ_CONFIG_FILE": f"{home / 'rabbitmq.conf'}",
        "RABBITMQ_CONFIG_FILES": f"{home / 'conf.d'}",
        "RABBITMQ_ADVANCED_CONFIG_FILE": f"{home / 'advanced.config'}",
        "RABBITMQ_CONF_ENV_FILE": f"{home / 'rabbitmq-env.conf'}",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home / 'enabled_plugins'}",
        "RABBITMQ_GENERATED_CONFIG_DIR": f"{home}",
        "detached": "true",
    }
    return process.spawn(
        home / f"{node.name}.pid",
        [f"./{software.server.name}"],
        environment=environment,
        cwd=software.server.parent,
        log=home / "node.out",
    )


def _await(cluster: Cluster) -> None:
    deadline = time.monotonic() + _SECONDS
    while not _complete(cluster):
        assert time.monotonic() < deadline, "the cluster is not complete"
        time.sleep(0.5)


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
