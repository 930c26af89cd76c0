"""deploy/systemd says what systemd understands, and leaves a worker few ways out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.waiting import DEADLINE
from worker.role import Role
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Wrapped = Callable[..., subprocess.CompletedProcess[str]]

FOLDER = Path(__file__).parents[2] / "deploy/systemd"
UNIT = FOLDER / "klantcontact@.service"
WRAPPER = FOLDER / "klantcontact"
PROGRAM = "/opt/klantcontact/bin/klantcontact"
_MOST_EXPOSED = 15  # of 100; above 20 is no longer "OK" to systemd

with_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here"
)


def _said(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
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


@pytest.fixture
def wrapped(tmp_path: Path) -> Iterator[Wrapped]:
    """Runs a shell as deploy/systemd/klantcontact runs the program, with a folder of the test's."""
    if os.geteuid() != 0:
        pytest.skip("the secrets are root's")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "secrets").mkdir(mode=0o700)
    shutil.copy(FOLDER / "environment.example", folder / "environment")
    for name in ("amqp_url", "postgres_url"):
        (folder / "secrets" / name).write_text(name, encoding="utf-8")
        (folder / "secrets" / name).chmod(0o600)
    text = WRAPPER.read_text(encoding="utf-8")
    for name, value in {"config": folder, "program": "/bin/sh", "user": "nobody"}.items():
        text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
    (tmp_path / "klantcontact").write_text(text, encoding="utf-8")

    def execute(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(tmp_path / "klantcontact"), "-c", line],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    yield execute
    shutil.rmtree(folder)


def test_a_command_runs_with_the_settings_of_the_workers(wrapped: Wrapped) -> None:
    assert wrapped('echo "$KLANTCONTACT_MAIL_FROM_NAME"').stdout == "Gemeente Voorbeeld\n"


def test_a_command_reads_secrets_that_are_root_s_alone_and_is_not_root(wrapped: Wrapped) -> None:
    line = 'id -un; cat "$KLANTCONTACT_AMQP_URL_FILE" "$KLANTCONTACT_POSTGRES_URL_FILE"'
    done = wrapped(line)
    assert (done.stdout, done.stderr) == ("nobody\namqp_urlpostgres_url", "")


def test_a_migration_has_a_secret_of_its_own(wrapped: Wrapped, tmp_path: Path) -> None:
    other = tmp_path / "migrate_url"
    other.write_text("migrate", encoding="utf-8")
    done = wrapped(
        'cat "$KLANTCONTACT_POSTGRES_URL_FILE"', KLANTCONTACT_POSTGRES_URL_FILE=str(other)
    )
    assert done.stdout == "migrate"


def test_who_called_sudo_is_who_acts(wrapped: Wrapped) -> None:
    """The program asks for LOGNAME before it asks the system."""
    assert wrapped('echo "$LOGNAME"', SUDO_USER="jansen").stdout == "jansen\n"


def test_no_secret_stays_when_a_command_has_ended(wrapped: Wrapped) -> None:
    where = wrapped('echo "$KLANTCONTACT_AMQP_URL_FILE"').stdout.strip()
    assert where.startswith("/run/klantcontact.")
    assert not Path(where).parent.exists()


def test_a_command_s_exit_status_is_its_own(wrapped: Wrapped) -> None:
    assert wrapped("exit 3").returncode == 3
