"""One node on this machine, of deploy/rabbitmq/cluster but for names, ports and paths."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from worker.stack import process
from worker.stack.ports import LOOPBACK, accepts

if TYPE_CHECKING:
    from worker.stack.software import Software

FOLDER = Path(__file__).parents[1] / "deploy/rabbitmq"
CONFIGURATION = FOLDER / "cluster/rabbitmq.conf"
PLUGINS = FOLDER / "cluster/enabled_plugins"
NAMES = ("mq-1", "mq-2", "mq-3")


@dataclass(frozen=True, slots=True)
class Node:
    """One node: its ports for AMQP, management, Prometheus and Erlang's distribution."""

    name: str
    amqp: int
    management: int
    prometheus: int
    distribution: int


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


def start_epmd(folder: Path, software: Software, port: int) -> process.Process:
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


def start(folder: Path, node: Node, software: Software, epmd: int, cookie: str) -> process.Process:
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
