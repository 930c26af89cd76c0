"""deploy/compose.yaml and what it mounts, held against the code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.deployed import DEPLOY, compose
from worker.keys.secrets_file import parse_secrets
from worker.rabbitmq.topology import definitions
from worker.role import Role
from worker.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

_FOLDERS = ("broker", "channel", "database", "worker")
_MOUNT = re.compile(r"(?P<source>[^:]+):(?P<target>[^:]+)(:ro)?")


def _services() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]
    return found


def _mounted(service: dict[str, Any]) -> list[tuple[str, str]]:
    matches = [_MOUNT.fullmatch(volume) for volume in service.get("volumes", ())]
    return [(each["source"], each["target"]) for each in matches if each]


def _make_secrets(folder: Path) -> dict[str, str]:
    """Runs the script as the service does; what is in each file then."""
    for name in _FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    script = DEPLOY / "compose/make_secrets.py"
    path = {**os.environ, "PYTHONPATH": str(DEPLOY.parent)}
    subprocess.run([sys.executable, script, folder], env=path, check=True)
    return {
        str(file.relative_to(folder)): file.read_text(encoding="utf-8")
        for file in folder.glob("*/*")
    }


@pytest.mark.parametrize("role", Role)
def test_every_role_is_a_service(role: Role) -> None:
    assert _services()[role]["command"] == ["worker", "--role", role.value]


def test_every_file_that_is_mounted_is_there() -> None:
    paths = [source for each in _services().values() for source, _ in _mounted(each)]
    relative = [source for source in paths if source.startswith(".")]
    assert [source for source in relative if not (DEPLOY / source).is_file()] == []


def test_every_volume_that_is_mounted_is_declared() -> None:
    paths = {source for each in _services().values() for source, _ in _mounted(each)}
    assert {each for each in paths if not each.startswith(".")} == set(compose()["volumes"])


def test_whatever_runs_the_image_writes_nothing_and_may_do_nothing() -> None:
    own = [each for each in _services().values() if each["image"] == "klantcontact:demo"]
    assert all(each["read_only"] and each["cap_drop"] == ["ALL"] for each in own)


def test_a_service_waits_for_services_that_are_there() -> None:
    services = _services()
    waited = {name for each in services.values() for name in each.get("depends_on", {})}
    assert waited <= set(services)


def test_the_broker_takes_the_largest_message_that_may_be_set() -> None:
    text = (DEPLOY / "compose/rabbitmq.conf").read_text(encoding="utf-8")
    found = re.search(r"^max_message_size = (\d+)$", text, re.MULTILINE)
    assert found is not None
    limits = Settings.model_fields["message_bytes"].metadata
    assert int(found[1]) == max(getattr(limit, "le", 0) for limit in limits)


def test_the_worker_gives_up_before_it_is_killed() -> None:
    grace = _services()["intake"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > Settings.model_fields["drain"].default.total_seconds()


def test_each_secret_is_where_its_service_looks(tmp_path: Path) -> None:
    there = {f"/run/secrets/{name}" for name in _make_secrets(tmp_path)}
    named = {
        value
        for each in _services().values()
        for name, value in each.get("environment", {}).items()
        if name.endswith("_FILE")
    }
    assert named <= there


def test_the_broker_gets_the_topology_and_only_hashes_of_passwords(tmp_path: Path) -> None:
    files = _make_secrets(tmp_path)
    assert json.loads(files["broker/1-topology.json"]) == definitions()
    users = json.loads(files["broker/2-users.json"])["users"]
    assert [(each["name"], "password" in each) for each in users] == [
        ("worker", False),
        ("callcenter", False),
    ]


def test_the_worker_can_verify_what_the_channel_signs(tmp_path: Path) -> None:
    files = _make_secrets(tmp_path)
    assert files["channel/tokens.json"] == files["worker/tokens.json"]
    assert parse_secrets(files["worker/tokens.json"].encode(), "tokens.json").short == []


def test_secrets_stay_what_they_are_when_all_is_started_again(tmp_path: Path) -> None:
    assert _make_secrets(tmp_path) == _make_secrets(tmp_path)


def test_secrets_are_different_in_each_place(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    one, other = _make_secrets(tmp_path / "one"), _make_secrets(tmp_path / "other")
    assert one["database/password"] != other["database/password"]
