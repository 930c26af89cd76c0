"""What a COPY brings into a tree, and .dockerignore keeps out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.image.copying import Copy, copy, left_out, read
from tests.image.dockerfile import DockerfileError

if TYPE_CHECKING:
    from pathlib import Path

IGNORE = ["*", "!worker", "!README.md", "**/__pycache__"]


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A checkout; beside it is room for a tree."""
    origin = tmp_path / "origin"
    for name in ("worker/app.py", "worker/sub/__pycache__/app.pyc", "README.md", ".env"):
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        (origin / name).write_text(name, encoding="ascii")
    (origin / "worker/app.py").chmod(0o755)
    return origin


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_copy_names_sources_a_target_and_perhaps_a_stage() -> None:
    assert read("a b ./") == Copy("", ("a", "b"), "./")
    assert read("--from=build /opt/x /opt/x") == Copy("build", ("/opt/x",), "/opt/x")


@pytest.mark.parametrize("value", ["a", "--from=build /a", "--chown=1:1 a b"])
def test_a_copy_that_is_not_understood_is_refused(value: str) -> None:
    with pytest.raises(DockerfileError, match="is not understood"):
        read(value)


@pytest.mark.parametrize(
    ("path", "out"),
    [
        ("README.md", False),
        (".env", True),
        ("worker", False),
        ("worker/sub/app.py", False),
        ("worker/sub/__pycache__", True),
        ("worker/sub/__pycache__/app.pyc", True),
        ("deploy/worker/app.py", True),
    ],
)
def test_the_last_pattern_that_matches_decides(path: str, out: bool) -> None:  # noqa: FBT001
    assert left_out(path, IGNORE) is out


def test_the_content_of_a_folder_is_copied_but_for_what_is_left_out(
    origin: Path, tmp_path: Path
) -> None:
    copy(Copy("", ("worker",), "worker"), origin, tmp_path / "tree", "/source", IGNORE)
    assert tree(tmp_path / "tree") == ["source/worker/app.py"]
    assert (tmp_path / "tree/source/worker/app.py").stat().st_mode & 0o777 == 0o755


def test_files_go_into_a_folder(origin: Path, tmp_path: Path) -> None:
    copy(Copy("", ("README.md", ".env"), "./"), origin, tmp_path / "tree", "/source")
    assert tree(tmp_path / "tree") == ["source/.env", "source/README.md"]


def test_a_target_in_full_is_not_in_the_working_folder(origin: Path, tmp_path: Path) -> None:
    copy(Copy("build", ("/worker/app.py",), "/opt/app"), origin, tmp_path / "tree", "/source")
    assert tree(tmp_path / "tree") == ["opt/app"]


@pytest.mark.parametrize("name", [".env", "absent"])
def test_what_is_left_out_or_absent_is_not_to_be_copied(
    origin: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(DockerfileError, match="there is no such thing to copy"):
        copy(Copy("", (name,), "./"), origin, tmp_path / "tree", "/", IGNORE)
