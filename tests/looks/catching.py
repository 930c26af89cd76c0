"""Mails sent to the stack's mail catcher, and what a mail program shows of what is there then."""

from __future__ import annotations

import smtplib
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from worker.stack.ports import LOOPBACK, accepts, reserved

if TYPE_CHECKING:
    from collections.abc import Iterable


def caught(mails: Iterable[bytes]) -> list[str]:
    """The HTML of each, as the catcher kept it."""
    with TemporaryDirectory() as folder, reserved(1) as (port,):
        command = [sys.executable, "-m", "worker.stack.mail_catcher"]
        catcher = subprocess.Popen([*command, f"--port={port}", f"--directory={folder}"])
        try:
            while not accepts(port):
                if catcher.poll() is not None:
                    raise RuntimeError("the mail catcher ended")
            with smtplib.SMTP(LOOPBACK, port) as client:
                for mail in mails:
                    client.sendmail("bounces@example.nl", ["burger@example.nl"], mail)
        finally:
            catcher.terminate()
            catcher.wait()
        return [_html(file.read_bytes()) for file in sorted(Path(folder).glob("*.eml"))]


def _html(mail: bytes) -> str:
    part = message_from_bytes(mail, policy=policy.default).get_body(("html",))
    if part is None:
        raise RuntimeError("a mail has no HTML")
    content: str = part.get_content()
    return content
