"""The program under faults, in short: nothing lost, nothing twice. `make faults` is the long one.

Each run has a stack of its own, for it breaks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faulted import faults

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


async def test_nothing_is_lost_or_there_twice_whatever_breaks(tmp_path: Path) -> None:
    status, figures, said = await faults(
        tmp_path,
        *("--messages", "500", "--rate", "60", "--faults", "6", "--only", ",".join(KINDS)),
        # How soon is for `make faults` to see, on a machine of its own.
        *("--recovery", "inf"),
    )
    assert status == 0, said
    assert figures["messages"] >= 500
    assert figures["faults"] >= 6
    assert (figures["lost"], figures["twice"], figures["unexpected"]) == (0, 0, 0)
