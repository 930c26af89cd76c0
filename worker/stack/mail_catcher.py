"""A mail server that keeps what it is sent: `python -m worker.stack.mail_catcher`.

Each mail becomes NAME.eml, the bytes exactly as received, and NAME.json, its envelope. Names sort
by arrival. It listens on the loopback address only and never sends anything on.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from worker.stack.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_MAIL_SIZE: Final = 10 * 1024 * 1024


class Catcher:
    """What aiosmtpd calls for each mail; writes into `directory`."""

    def __init__(self, directory: Path) -> None:
        """Keep mails in `directory`, which is there."""
        self._directory = directory
        self._numbers = itertools.count()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        """Write one mail and answer that it is kept."""
        return f"250 OK: kept as {self.keep(envelope)}"

    def keep(self, envelope: Envelope) -> str:
        """Write one mail; the name of its files."""
        name = f"{time.time_ns():020d}-{next(self._numbers):06d}"
        about = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "smtputf8": bool(envelope.smtp_utf8),
            "received": datetime.now(UTC).isoformat(),
        }
        # The envelope first: whoever sees the mail finds its envelope too.
        self._write(f"{name}.json", json.dumps(about, ensure_ascii=False).encode())
        self._write(f"{name}.eml", envelope.original_content or b"")
        return name

    def _write(self, name: str, content: bytes) -> None:
        # Under a name that no pattern for mails matches: pathlib's `*` takes a leading dot too.
        fresh = self._directory / f"{name}.part"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        fresh.rename(self._directory / name)


async def serve(port: int, directory: Path) -> None:
    """Catch mails on `port` into `directory`, which is there, until SIGTERM or SIGINT."""
    catcher = Catcher(directory)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _session(catcher), LOOPBACK, port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with server:
        await stop.wait()


def _session(catcher: Catcher) -> SMTP:
    return SMTP(
        catcher,
        data_size_limit=MAX_MAIL_SIZE,
        enable_SMTPUTF8=True,
        # Given, because the default asks the machine's name server for it.
        hostname="localhost",
        ident="klantcontact mail catcher",
    )


def main(command_line: Sequence[str] | None = None) -> None:
    """Parse the command line, sys.argv by default, and serve until told to stop."""
    parser = argparse.ArgumentParser(description="Catch mails into a directory.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    arguments = parser.parse_args(command_line)
    arguments.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(serve(arguments.port, arguments.directory))


if __name__ == "__main__":
    main()
