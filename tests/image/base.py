"""The base image's tree, made by debootstrap: what Docker would have fetched."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from tests.image.dockerfile import DockerfileError

if TYPE_CHECKING:
    from pathlib import Path

SECONDS: Final = 900
_RELEASES: Final = {"11": "bullseye", "12": "bookworm", "13": "trixie"}
_IMAGE: Final = re.compile(r"debian:(\w+?)(?:\.\d+)?(?:-slim)?(?:@\S+)?")
# As Debian's images have it: what was downloaded to be installed does not stay.
_APT: Final = """\
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb"; };
Acquire::Languages "none";
APT::AutoRemove::SuggestsImportant "false";
"""
# debootstrap's own, and what it takes over from this machine.
_LEFT: Final = ("var/log/bootstrap.log", "etc/hostname")


class BuildError(Exception):
    """A step failed; the message holds its last words."""


def release(image: str) -> str:
    """The release of Debian that `image` is made of, by its name. Raises DockerfileError."""
    matched = _IMAGE.fullmatch(image)
    if matched is None:
        message = f"FROM {image}: only debian:<release> can be made here"
        raise DockerfileError(message)
    return _RELEASES.get(matched[1], matched[1])


def make(name: str, tree: Path) -> None:
    """Make release `name` in `tree`, from where this machine has Debian. Raises BuildError."""
    sources = _sources(name)
    mirror = [uri for suite, uri in sources if suite == name][:1]
    # Without a mirror it is debootstrap's own. Its mounts go with the namespace.
    command = ["unshare", "--mount", "debootstrap", "--variant=minbase", name, str(tree), *mirror]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False
    )
    if done.returncode:
        message = f"debootstrap failed: {(done.stdout + done.stderr)[-500:]}"
        raise BuildError(message)
    if sources:
        lines = [f"deb {uri} {suite} main\n" for suite, uri in sources]
        (tree / "etc/apt/sources.list").write_text("".join(lines), encoding="utf-8")
    _tidy(tree)


def _sources(name: str) -> list[tuple[str, str]]:
    """This machine's sources of the release: itself, its updates and its security updates."""
    form = ("apt-get", "indextargets", "--format", "$(RELEASE)|$(REPO_URI)", "Created-By: Packages")
    said = subprocess.run(form, capture_output=True, text=True, check=True).stdout
    rows = [line.split("|") for line in dict.fromkeys(said.splitlines())]
    wanted = (name, f"{name}-updates", f"{name}-security")
    return [(suite, uri) for suite, uri in rows if suite in wanted]


def _tidy(tree: Path) -> None:
    (tree / "etc/apt/apt.conf.d/docker-clean").write_text(_APT, encoding="utf-8")
    for place in _LEFT:
        (tree / place).unlink(missing_ok=True)
    for place in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(tree / place)
        (tree / place / "partial").mkdir(parents=True)
    # Mount points, empty as in an image.
    for place in ("etc/resolv.conf", "etc/hosts"):
        (tree / place).write_text("", encoding="utf-8")
