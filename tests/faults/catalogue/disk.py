"""The database's disk is full."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.faults.catalogue.fault import Named
from tests.faults.catalogue.outages import DATABASE
from tests.faults.catalogue.persistence import execute, persistently
from tests.faults.world import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.faults.world import World

_TABLES: Final = ("klantcontact", "bericht", "outbox")
_SIZE: Final = "256m"
_TABLESPACE: Final = "vol"


@asynccontextmanager
async def full(world: World) -> AsyncIterator[None]:
    """Tables lie on a file system of their own, in memory, on which no byte is free."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        raise Unavailable("only root can mount a file system that is full")
    folder = world.stack_dir / "full"
    try:
        await _mount(folder)
        await _move(world, folder)
        await asyncio.to_thread(_fill, folder)
        yield
    finally:
        await asyncio.to_thread((folder / "filler").unlink, missing_ok=True)
        await persistently(partial(_back, world))
        await _unmount(folder)


@asynccontextmanager
async def said_to_be_full(world: World) -> AsyncIterator[None]:
    """Where nothing can be mounted: each new row is refused as a full disk would (53100)."""
    try:
        await execute(world, _REFUSES, *(_trigger(table) for table in _TABLES))
        yield
    finally:
        await persistently(partial(execute, world, "drop function if exists vol() cascade"))


async def _mount(folder: Path) -> None:
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    await _run("mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=0700", "tmpfs", str(folder))
    await asyncio.to_thread(_make_data, folder / "data")


def _make_data(folder: Path) -> None:
    """PostgreSQL wants it to be its own, and is run as nobody here."""
    folder.mkdir()
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)


async def _unmount(folder: Path) -> None:
    if await asyncio.to_thread(folder.is_mount):
        await _run("umount", str(folder))
    await asyncio.to_thread(folder.rmdir)


async def _move(world: World, folder: Path) -> None:
    await execute(
        world,
        f"create tablespace {_TABLESPACE} location '{folder / 'data'}'",
        *(f"alter table {table} set tablespace {_TABLESPACE}" for table in _TABLES),
    )


async def _back(world: World) -> None:
    await execute(
        world,
        *(f"alter table {table} set tablespace pg_default" for table in _TABLES),
        f"drop tablespace if exists {_TABLESPACE}",
    )


def _fill(folder: Path) -> None:
    """Write until there is no room."""
    piece = bytes(4096)
    with (folder / "filler").open("wb", buffering=0) as filler:
        try:
            while filler.write(piece) == len(piece):
                pass
        except OSError:
            return


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    if process.returncode != 0:
        raise Unavailable(f"{command[0]}: {said.decode().strip()}")


_REFUSES: Final = """
    create or replace function vol() returns trigger language plpgsql as $$
    begin
        raise exception 'could not extend file: No space left on device' using errcode = '53100';
    end $$
"""


def _trigger(table: str) -> str:
    return f"create trigger vol before insert on {table} for each statement execute function vol()"


FAULTS: Final = (
    Named("disk-full", full, DATABASE, repeats_mails=True),
    Named("disk-said-to-be-full", said_to_be_full, DATABASE, repeats_mails=True),
)
