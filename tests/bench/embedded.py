"""How every program of the bench begins and ends: a stack of its own, fresh, and gone after."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.bench.database import WrongResult
from tests.bench.processes import ProcessFailed
from tests.bench.site import Site
from worker.rabbitmq.topology import KANALEN
from worker.stack.debian import DebianError
from worker.stack.errors import StackError
from worker.stack.looking import default_root
from worker.stack.running import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def site(
    kanalen: tuple[str, ...] = KANALEN, *, name: str = "bench", report: Callable[[str], None]
) -> Iterator[Site]:
    """A site on a stack that runs for as long as the block does."""
    root = default_root()
    try:
        with running(root, name, report=report) as state:
            folder = root / name / "work"
            folder.mkdir()
            yield Site(state, folder, root / "software", kanalen)
    except (StackError, DebianError, ProcessFailed, WrongResult) as error:
        report(f"Error: {error}")
        raise SystemExit(1) from None
