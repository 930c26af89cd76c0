#!/usr/bin/env bash
# One URL with two database hosts, the first of them silent: libpq goes on, asyncpg does not.
#
# Guess: asyncpg takes libpq's list of hosts, so its `timeout` is a limit for each host, as
# libpq's `connect_timeout` is. A silent first host costs one limit, then comes the second host.
# Seen: asyncpg 0.32.0 spends its whole `timeout` on the first host and raises TimeoutError; the
# second host is never asked. A host that refuses is passed by. psycopg 3.3.9 (libpq) asks the
# second host after one limit. A program that uses both, one of them for migrations, fails over
# with one driver only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet asyncpg==0.32.0 'psycopg[binary]==3.3.9'
"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
import asyncio
import socket
import threading
from contextlib import suppress
from importlib.metadata import version

import asyncpg
import psycopg


def asked(connect, refusing):
    """Whether the second host gets a connection, where the first one is silent or refuses."""
    first, second = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in (first, second)]
    if refusing:
        first.close()
    seen = threading.Event()

    def serve():
        with suppress(OSError):
            connection, _ = second.accept()
            seen.set()
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    error = connect(f"postgresql://u@127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}/d?sslmode=disable")
    return f"{error}, second host asked: {seen.is_set()}"


def by_asyncpg(url):
    try:
        asyncio.run(asyncpg.connect(url, timeout=3))
    except Exception as error:
        return type(error).__name__


def by_psycopg(url):
    try:
        psycopg.connect(url + "&connect_timeout=3")
    except Exception as error:
        return type(error).__name__


for package, connect in (("asyncpg", by_asyncpg), ("psycopg", by_psycopg)):
    print(package, version(package))
    print("  silent:", asked(connect, refusing=False))
    print("  refusing:", asked(connect, refusing=True))
PYTHON
diff "$work/seen" - <<'SEEN'
asyncpg 0.32.0
  silent: TimeoutError, second host asked: False
  refusing: ConnectionDoesNotExistError, second host asked: True
psycopg 3.3.9
  silent: OperationalError, second host asked: True
  refusing: OperationalError, second host asked: True
SEEN
echo "as seen before"
