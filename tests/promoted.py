"""A primary and its standby, which a test promotes while the primary stays writable."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from tests.waiting import DEADLINE
from worker.stack import process
from worker.stack.ports import free_ports
from worker.stack.postgres import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PASSWORD = "geheim"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two servers of one system."""

    primary: Server
    standby: Server

    def promote(self) -> None:
        """Make the standby a primary too; nobody tells the first one."""
        with psycopg.connect(self.standby.url, autocommit=True) as connection:
            connection.execute("select pg_promote()")

    def url(self, *servers: Server) -> str:
        """One URL with the hosts of these."""
        parts = urlsplit(servers[0].url)
        login, _, _ = parts.netloc.rpartition("@")
        listed = ",".join(urlsplit(each.url).netloc.rpartition("@")[2] for each in servers)
        return parts._replace(netloc=f"{login}@{listed}").geturl()


def stop(server: Server) -> None:
    """End it, as a machine does that loses its power."""
    process.end(server._started, {}, seconds=30)  # noqa: SLF001 (nobody else stops only one)


@contextmanager
def primary_and_standby(folder: Path) -> Iterator[Pair]:
    ports = free_ports(2)
    servers = [
        Server(folder / name, folder, _PASSWORD, port)
        for name, port in zip(("primary", "standby"), ports, strict=True)
    ]
    try:
        servers[0].start()
        servers[0].await_ready()
        _copy(*servers)
        servers[1].start()
        servers[1].await_ready()
        yield Pair(*servers)
    finally:
        for each in servers:
            stop(each)


def _copy(primary: Server, standby: Server) -> None:
    """A base backup that begins as a standby of the primary."""
    standby.folder.mkdir()
    data = standby.folder / "data"
    subprocess.run(
        [
            primary.programs.path("pg_basebackup"),
            *("--dbname", primary.url, "--pgdata", str(data), "--write-recovery-conf"),
            *("--checkpoint", "fast"),
        ],
        check=True,
        timeout=DEADLINE,
        capture_output=True,
    )
    if os.geteuid() == 0:
        owner = pwd.getpwnam("nobody")
        shutil.chown(data, owner.pw_uid, owner.pw_gid)
        for each in data.rglob("*"):
            shutil.chown(each, owner.pw_uid, owner.pw_gid)
