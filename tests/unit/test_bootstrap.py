"""The environment is made once, completed when interrupted, and left alone when it will do."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from worker.stack.bootstrap import BootstrapError, Stamp, bootstrap, read_stamp, wanted

if TYPE_CHECKING:
    from pathlib import Path

LOCK = """\
# made by a tool
aio-pika==10.2.1 \\
    --hash=sha256:66c8
tomli==2.0.1 ; python_version < "3.11" \\
    --hash=sha256:de52
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a project and a lock file, and no environment yet."""
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (tmp_path / "requirements-dev.lock").write_text(LOCK, encoding="utf-8")
    return tmp_path


def write_stamp(checkout: Path, stamp: Stamp) -> None:
    """Leave what a finished run leaves."""
    (checkout / ".venv").mkdir(exist_ok=True)
    (checkout / ".venv/stamp.json").write_text(json.dumps(asdict(stamp)), encoding="utf-8")


def test_a_lock_file_is_read_as_its_pins(checkout: Path) -> None:
    """Hashes, comments and markers are no part of a pin."""
    assert wanted(checkout, "requirements-dev.lock").pins == ("aio-pika==10.2.1", "tomli==2.0.1")


def test_a_complete_environment_is_left_alone(checkout: Path) -> None:
    """A second run changes nothing, not even the stamp."""
    write_stamp(checkout, wanted(checkout, "requirements-dev.lock"))
    before = (checkout / ".venv/stamp.json").stat().st_mtime_ns

    bootstrap(checkout, "requirements-dev.lock")

    assert [path.name for path in (checkout / ".venv").iterdir()] == ["stamp.json"]
    assert (checkout / ".venv/stamp.json").stat().st_mtime_ns == before


def test_an_environment_of_another_name_is_another_one(checkout: Path) -> None:
    """One Python's stands beside another's."""
    write_stamp(checkout, wanted(checkout, "requirements-dev.lock"))
    (checkout / ".venv").rename(checkout / ".venv-other")
    assert read_stamp(checkout / ".venv") is None

    bootstrap(checkout, "requirements-dev.lock", ".venv-other")

    assert not (checkout / ".venv").exists()


def test_an_environment_that_holds_more_will_do(checkout: Path) -> None:
    """After the bench's superset was installed the smaller lock needs no run of its own."""
    goal = wanted(checkout, "requirements-dev.lock")
    assert replace(goal, pins=(*goal.pins, "faststream==0.7.8")).covers(goal)


def test_another_version_needs_installing(checkout: Path) -> None:
    """A pin that changed isn't covered, and can be installed over what is there."""
    goal = wanted(checkout, "requirements-dev.lock")
    older = replace(goal, pins=("aio-pika==10.2.0", "tomli==2.0.1"))
    assert not older.covers(goal)
    assert older.fits(goal)
    assert older.after(goal).covers(goal)


def test_another_project_needs_installing_and_other_settings_of_tools_do_not(
    checkout: Path,
) -> None:
    """A new dependency or script counts; a rule of the linter doesn't."""
    goal = wanted(checkout, "requirements-dev.lock")
    with (checkout / "pyproject.toml").open("a", encoding="utf-8") as project:
        project.write("[tool.ruff]\nline-length = 100\n")
    assert goal.covers(wanted(checkout, "requirements-dev.lock"))
    with (checkout / "pyproject.toml").open("a", encoding="utf-8") as project:
        project.write('[project.scripts]\nklantcontact = "worker.__main__:main"\n')
    changed = wanted(checkout, "requirements-dev.lock")
    assert not goal.covers(changed)
    assert goal.fits(changed)


@pytest.mark.parametrize("changed", ["python", "checkout"])
def test_another_python_or_checkout_needs_a_new_environment(checkout: Path, changed: str) -> None:
    """Neither can be installed over what is there."""
    goal = wanted(checkout, "requirements-dev.lock")
    assert not replace(goal, **{changed: "another"}).fits(goal)  # type: ignore[arg-type]


@pytest.mark.parametrize("left", ["", "{", "[]", '{"python": "3.11"}'])
def test_an_interrupted_run_counts_as_none(checkout: Path, left: str) -> None:
    """A stamp that isn't whole is no stamp."""
    (checkout / ".venv").mkdir()
    (checkout / ".venv/stamp.json").write_text(left, encoding="utf-8")
    assert read_stamp(checkout / ".venv") is None


def test_an_unknown_lock_file_is_named(checkout: Path) -> None:
    """The error says which file isn't there and what to do."""
    with pytest.raises(BootstrapError, match=r"no lock file other\.lock .* give --lock"):
        bootstrap(checkout, "other.lock")
