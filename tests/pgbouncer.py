"""PgBouncer as docs/operations.md configures it, from Debian's package, unpacked if need be."""

from __future__ import annotations

import asyncio
import re
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import psycopg

from worker.stack import debian
from worker.stack.lock import held
from worker.stack.ports import accepts, free_ports
from worker.stack.postgres import as_nobody

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_LOOK_AGAIN: Final = 0.02
_PAGE: Final = Path(__file__).parents[1] / "docs" / "operations.md"
_PACKAGES: Final = ("pgbouncer", "libc-ares2", "libevent-2.1-7")
_SECRETS: Final = 'select format(\'"%s" "%s"\', rolname, rolpassword) from pg_authid'


def documented() -> str:
    """The configuration that administrators are told to use."""
    (found,) = re.findall(r"```ini\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


def find_or_unpack(software: Path) -> tuple[str, dict[str, str]]:
    """The program, and the environment that it needs; raises DebianError where it is not here."""
    own = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if own is not None:
        return own, {}
    folder = software / "pgbouncer" / "unpacked"
    with held(software / "pgbouncer.lock"):
        if not folder.exists():
            debian.unpack(_PACKAGES, folder)
    libraries = sorted({str(file.parent) for file in folder.rglob("*.so.*")})
    return str(folder / "usr/sbin/pgbouncer"), {"LD_LIBRARY_PATH": ":".join(libraries)}


@asynccontextmanager
async def pooled(software: Path, folder: Path, url: str, **changes: str) -> AsyncIterator[str]:
    """The URL of the database at `url` by way of a PgBouncer; `changes` are to what is documented.

    Its place and that of the database are the test's own, all else is what is documented.
    """
    program, environment = await asyncio.to_thread(find_or_unpack, software)
    at, port = urlsplit(url), free_ports(1)[0]
    users = folder / "userlist.txt"
    with psycopg.connect(url) as connection:
        secrets = connection.execute(f"{_SECRETS} where rolname = '{at.username}'").fetchall()
    users.write_text("\n".join(each[0] for each in secrets), encoding="utf-8")
    places = {
        "host=db.example.nl port=5432": f"host={at.hostname} port={at.port} dbname={at.path[1:]}",
        "/etc/pgbouncer/userlist.txt": str(users),
        "listen_port = 6432": f"listen_port = {port}\nunix_socket_dir =",
    }
    text = documented()
    for one, other in places.items():
        assert one in text
        text = text.replace(one, other)
    for name, value in changes.items():
        text = re.sub(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
    settings, log = folder / "pgbouncer.ini", folder / "pgbouncer.log"
    settings.write_text(text, encoding="utf-8")
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *as_nobody(), program, str(settings), stdout=said, stderr=said, env=environment
        )
    try:
        while not accepts(port):
            await asyncio.sleep(_LOOK_AGAIN)
            assert process.returncode is None, log.read_text(encoding="utf-8")
        yield at._replace(
            netloc=f"{at.username}:{at.password}@127.0.0.1:{port}", path="/klantcontact"
        ).geturl()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
