"""The mail catcher as a program of its own."""

from __future__ import annotations

import os
import resource
import signal
import smtplib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.smtp import Envelope

from worker.stack.mail_catcher import Catcher, main
from worker.stack.ports import LOOPBACK, accepts, reserved

if TYPE_CHECKING:
    from collections.abc import Iterator
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


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Writing a larger file fails half-way, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_mail_of_which_a_part_is_written_is_not_seen(tmp_path: Path) -> None:
    envelope = Envelope()
    envelope.mail_from, envelope.original_content = "desk@example.nl", b"x" * 20_000
    with files_of_at_most(10_000), pytest.raises(OSError, match="File too large"):
        Catcher(tmp_path).keep(envelope)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"]
    assert not list(tmp_path.glob("*.eml"))
