"""The mail catcher as a program of its own."""

from __future__ import annotations

import os
import signal
import smtplib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from worker.stack.mail_catcher import main
from worker.stack.ports import LOOPBACK, accepts, reserved

if TYPE_CHECKING:
    from pathlib import Path


def send_and_stop(port: int, mails: list[bytes]) -> None:
    """Send `mails` when the catcher listens, then tell it to stop."""
    try:
        while not accepts(port):
            pass
        with smtplib.SMTP(LOOPBACK, port) as client:
            for mail in mails:
                client.sendmail("desk@example.nl", ["burger@example.nl"], mail)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


def test_the_names_of_mails_sort_by_arrival_and_nothing_half_written_stays(tmp_path: Path) -> None:
    """The catcher makes its folder, keeps each mail under a later name, and stops when told to."""
    mails = [f"Subject: {number}\r\n\r\nHallo\r\n".encode() for number in range(12)]
    folder = tmp_path / "mails"
    with reserved(1) as (port,), ThreadPoolExecutor() as pool:
        sending = pool.submit(send_and_stop, port, mails)
        main([f"--port={port}", f"--directory={folder}"])
        sending.result()
    assert [path.read_bytes() for path in sorted(folder.glob("*.eml"))] == mails
    assert len(list(folder.iterdir())) == 2 * len(mails)
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o600"}
