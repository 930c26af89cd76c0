"""The Dockerfile: linted, and held against the project."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.deployed import CHECKOUT, KUBERNETES, kustomizations, manifests, pod

_DOCKERFILE = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
_LAST_STAGE = _DOCKERFILE.rpartition("\nFROM ")[2]


def _project() -> dict[str, Any]:
    tables = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    found: dict[str, Any] = tables["project"]
    return found


def _label(name: str) -> str:
    found = re.search(rf'org\.opencontainers\.image\.{name}="([^"]*)"', _DOCKERFILE)
    assert found is not None
    return found[1]


def test_the_linter_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, CHECKOUT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_labels_say_what_the_project_says() -> None:
    project = _project()
    said = [_label(name) for name in ("title", "version", "licenses", "description")]
    assert said == [project[name] for name in ("name", "version", "license", "description")]


def test_the_example_runs_the_version_that_the_project_has() -> None:
    images = [each["images"] for each in kustomizations().values() if "images" in each]
    tags = {image["newTag"] for of_one in images for image in of_one}
    assert tags == {_project()["version"]}


def test_nothing_is_installed_in_the_last_stage() -> None:
    assert "RUN" not in _LAST_STAGE


def test_everything_that_is_installed_is_locked_by_hash_or_made_here() -> None:
    lines = _DOCKERFILE.replace("\\\n", "").splitlines()
    runs = [step for line in lines if line.startswith("RUN ") for step in line.split("&&")]
    installs = [step for step in runs if "/bin/pip " in step]
    assert len(installs) == 4
    assert [each for each in installs if not re.search("--require-hashes|--no-index", each)] == []


def test_what_is_copied_is_let_in_and_there() -> None:
    copied = " ".join(re.findall(r"^COPY (?!--)(.*) \S+$", _DOCKERFILE, re.MULTILINE)).split()
    ignore = (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignore if line.startswith("!")} == set(copied)
    assert all((CHECKOUT / each).exists() for each in copied)


def test_the_user_is_the_one_of_the_manifests() -> None:
    found = re.search(r"^USER (\d+):(\d+)$", _LAST_STAGE, re.MULTILINE)
    assert found is not None
    deployment = manifests()["Deployment klantcontact-intake"]
    context = pod(deployment)["securityContext"]
    assert [int(each) for each in found.groups()] == [context["runAsUser"], context["runAsGroup"]]


def test_the_port_is_the_one_of_the_manifests() -> None:
    exposed = re.findall(r"^EXPOSE (\d+)$|HTTP_PORT=(\d+)", _LAST_STAGE, re.MULTILINE)
    settings = (KUBERNETES / "base/kustomization.yaml").read_text(encoding="utf-8")
    assert {port for pair in exposed for port in pair if port} == {"8080"}
    assert "KLANTCONTACT_HTTP_PORT=8080" in settings
