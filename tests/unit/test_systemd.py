"""deploy/systemd says what systemd understands, and leaves a worker few ways out."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from worker.role import Role
from worker.settings import Settings

FOLDER = Path(__file__).parents[2] / "deploy/systemd"
UNIT = FOLDER / "klantcontact@.service"
PROGRAM = "/opt/klantcontact/bin/klantcontact"
_MOST_EXPOSED = 15  # of 100; above 20 is no longer "OK" to systemd

with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here"
)


def _said(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def _value(name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    return str(value)


def _names(text: str) -> set[str]:
    return set(re.findall(r"^#?(KLANTCONTACT_\w+)=", text, re.MULTILINE))


@with_systemd
@pytest.mark.parametrize("role", Role)
def test_the_unit_is_one_that_systemd_understands(tmp_path: Path, role: Role) -> None:
    here = str(Path(sys.executable).with_name("klantcontact"))
    unit = tmp_path / f"klantcontact@{role.value}.service"
    unit.write_text(UNIT.read_text(encoding="utf-8").replace(PROGRAM, here), encoding="utf-8")
    assert _said("verify", "--man=no", str(unit)) == (0, "")


@with_systemd
def test_systemd_finds_the_service_little_exposed() -> None:
    code, said = _said("security", "--offline=true", f"--threshold={_MOST_EXPOSED}", str(UNIT))
    assert code == 0, said


def test_a_worker_has_more_time_to_end_than_it_takes() -> None:
    drain: timedelta = Settings.model_fields["drain"].default
    assert drain < timedelta(seconds=int(_value("TimeoutStopSec")))


def test_a_worker_has_twice_the_memory_that_it_keeps_within() -> None:
    budget: int = Settings.model_fields["memory_budget"].default
    assert int(_value("MemoryMax").removesuffix("M")) * 1024 * 1024 == 2 * budget


def test_every_name_in_the_environment_is_a_setting() -> None:
    text = (FOLDER / "environment.example").read_text(encoding="utf-8")
    settings = {f"KLANTCONTACT_{name.upper()}" for name in Settings.model_fields}
    assert _names(text)
    assert _names(text) <= settings


def test_no_secret_stands_in_the_environment() -> None:
    text = (FOLDER / "environment.example").read_text(encoding="utf-8")
    secret = {
        f"KLANTCONTACT_{name.upper()}"
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert len(secret) == 3
    assert not _names(text) & secret
