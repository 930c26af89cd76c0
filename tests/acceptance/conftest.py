"""What the acceptance tests share: packages of others, installed once."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unanswered import Stage
from tests.waiting import DEADLINE
from worker.stack.lock import held

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.mails import Mails
    from tests.program import Program
    from worker.postgres.pool import Pool

FOREIGN = Path(__file__).parent / "foreign"


@pytest.fixture
def stage(
    pool: Pool,
    broker: Broker,
    mails: Mails,
    environment: dict[str, str],
    start: Callable[..., Awaitable[Program]],
) -> Stage:
    """What a role behind a broker that leaves something unanswered is tried with."""
    return Stage(pool, broker, mails, environment["KLANTCONTACT_AMQP_URL"], start)


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the packages of foreign/package.json in it, for NODE_PATH."""
    if not (shutil.which("node") and shutil.which("npm")) and os.environ.get("CI") != "true":
        pytest.skip("no node and npm here")
    base = tmp_path_factory.getbasetemp()
    # Those that run side by side share it.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "npm"
    with held(folder.with_suffix(".lock")):
        if not (folder / "node_modules").exists():
            _install(folder)
    return folder / "node_modules"


def _install(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    shutil.copy(FOREIGN / "package.json", folder)
    quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(["npm", "install", *quiet], cwd=folder, check=True, timeout=5 * DEADLINE)
