"""The program under faults, in short: nothing lost, nothing twice. `make faults` is the long one.

Each run has a stack of its own, for it breaks it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("services")  # where no stack can be had, they are skipped

KINDS = (
    "rabbitmq-killed",
    "postgres-killed",
    "worker-killed",
    "worker-terminated",
    "after-commit-before-ack",
    "smtp-cut",
)
SECONDS = 300.0


async def faults(folder: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run them to the end: exit status, figures, and what was said."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 (shown when a test fails)
    figures = folder / "faults.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults", "--seed", str(seed), "--json", str(figures)),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert figures.exists(), said.decode()
    return process.returncode or 0, json.loads(figures.read_text()), said.decode()


async def test_nothing_is_lost_or_there_twice_whatever_breaks(tmp_path: Path) -> None:
    status, figures, said = await faults(
        tmp_path, "--messages", "2000", "--rate", "80", "--faults", "6", "--only", ",".join(KINDS)
    )
    assert status == 0, said
    assert figures["messages"] >= 2000
    assert figures["faults"] >= 6
    assert (figures["lost"], figures["twice"], figures["unexpected"]) == (0, 0, 0)


async def test_a_worker_that_acknowledges_before_the_commit_is_found_out(tmp_path: Path) -> None:
    status, figures, said = await faults(
        tmp_path,
        *("--program", "acknowledging", "--only", "before-commit"),
        *("--messages", "150", "--rate", "50", "--faults", "3"),
    )
    assert status == 1, said
    assert figures["lost"] > 0, said


async def test_a_relay_that_marks_before_the_confirm_is_found_out(tmp_path: Path) -> None:
    status, figures, said = await faults(
        tmp_path,
        # Of two that came as the first messages did, neither cost anything once.
        *("--program", "marking", "--only", "amqp-half-open"),
        *("--messages", "150", "--rate", "50", "--faults", "4"),
    )
    assert status == 1, said
    assert figures["lost"] > 0, said
