"""A run under faults, as a process of its own, with a seed of its own."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

SECONDS: Final = 1200.0


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
