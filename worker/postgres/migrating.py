"""Applying the migrations: plain numbered SQL by yoyo, one process at a time."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

import psycopg
import yoyo

from worker.errors import UsageError
from worker.postgres.connecting import hosts
from worker.postgres.failures import translated
from worker.postgres.schema import FILES

# An advisory lock of PostgreSQL goes when its holder does; yoyo's own is a row that stays.
_LOCK = 0x6B6C616E74  # "klant" in ASCII: any number of our own will do


async def migrate(url: str) -> list[str]:
    """Apply what is not applied yet; returns the names. A second process waits for the first.

    Of several hosts it is done on the one that the lock is held on.
    """
    with translated():
        reached = hosts(url)
        connection, one_host = await reached.reach()
        try:
            await reached.check(connection)
            await connection.execute("select pg_advisory_lock($1)", _LOCK)
            return _apply(one_host)
        finally:
            await connection.close(timeout=5)


def _apply(url: str) -> list[str]:
    try:
        backend = yoyo.get_backend(_for_psycopg(url))
        with backend:
            backend.break_lock()
            pending = backend.to_apply(yoyo.read_migrations(str(FILES)))
            backend.apply_migrations(pending)
    except psycopg.Error as error:
        # What PostgreSQL says first names objects and rights; its details may quote rows.
        said = error.diag.message_primary or _refused(error)
        raise UsageError(f"cannot migrate: {said}; see to the user's rights") from None
    return [migration.id for migration in pending]


def _refused(error: psycopg.Error) -> str:
    """Why libpq made no connection (it is stricter on a key's file), and nothing of the URL."""
    found = re.search(r"port \d+ failed: (.+)", str(error))
    return found[1] if found else type(error).__name__


def _for_psycopg(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql+psycopg"))
