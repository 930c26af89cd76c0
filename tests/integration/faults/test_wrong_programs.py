"""Programs that are wrong are found out. Each run has a stack of its own, for it breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faulted import faults

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("services")  # where no stack can be had, they are skipped


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
