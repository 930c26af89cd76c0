"""What the acceptance tests share: packages of others, installed once."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOREIGN = Path(__file__).parent / "foreign"


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the packages of foreign/package.json in it, for NODE_PATH."""
    if not (shutil.which("node") and shutil.which("npm")) and os.environ.get("CI") != "true":
        pytest.skip("no node and npm here")
    folder = tmp_path_factory.mktemp("npm")
    shutil.copy(FOREIGN / "package.json", folder)
    quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(["npm", "install", *quiet], cwd=folder, check=True, timeout=300)
    return folder / "node_modules"
