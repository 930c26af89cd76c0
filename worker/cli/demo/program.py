"""The worker as a process beside the demo, and its log as the demo reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from worker.errors import UsageError
from worker.keys.token_keys import JWKS, SECRETS
from worker.stack.state import StackState

_STOP_SECONDS = 20
_POLL_SECONDS = 0.05


class Program:
    """A running worker and the log that it writes."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def lines(self) -> list[dict[str, Any]]:
        """Every line of the log so far."""
        whole, _, _ = self._log.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]

    def await_lines(
        self, enough: Callable[[list[dict[str, Any]]], bool], what: str, seconds: float
    ) -> list[dict[str, Any]]:
        """Wait until the log is `enough`; raises UsageError that says what was awaited."""
        deadline = time.monotonic() + seconds
        while not enough(lines := self.lines()):
            if self._process.poll() is not None:
                raise UsageError(f"the worker ended while waiting for {what}; see {self._log}")
            if time.monotonic() > deadline:
                raise UsageError(f"waited {seconds:.0f} s for {what}; see {self._log}")
            time.sleep(_POLL_SECONDS)
        return lines


@contextmanager
def running_worker(state: StackState, log: Path) -> Iterator[Program]:
    """A worker with every role on the stack; stopped when the block ends."""
    host, _, port = state.smtp.rpartition(":")
    environment = os.environ | {
        "KLANTCONTACT_AMQP_URL": state.amqp,
        "KLANTCONTACT_POSTGRES_URL": state.postgres,
        "KLANTCONTACT_SMTP_HOST": host,
        "KLANTCONTACT_SMTP_PORT": port,
        SECRETS: str(state.token_secrets),
        JWKS: str(state.openid_jwks),
        # Nobody wants to watch a demo wait for a zaak that never comes.
        "KLANTCONTACT_DEFERRALS": "PT0.5S",
        "KLANTCONTACT_MAIL_WINDOW": "PT0S",
        "KLANTCONTACT_LOG_FORMAT": "json",
        "KLANTCONTACT_LOG_LEVEL": "info",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", "worker"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Program(process, log)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
