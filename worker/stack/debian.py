"""Debian packages, downloaded and unpacked into a folder: nothing is installed.

Standard library only: `bootstrap` uses it on a machine that has nothing but Python. apt gets
folders of its own for its lists and its downloads, so it needs no root and leaves the machine's
as they are; where packages come from is what the machine's own apt configuration says, also for
another release of Debian than the machine's own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

UPDATE_TIMEOUT: Final = 300.0
DOWNLOAD_TIMEOUT: Final = 600.0
_PREFIX: Final = ".unpack-"
_KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"

# `#clear` because an option on the command line adds to a list and can't empty it: the machine's
# hooks clean and fill folders of the machine.
_CONFIGURATION: Final = """\
Dir::State::Lists "{lists}";
Dir::Cache "{cache}";
Dir::Cache::archives "{cache}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log "{cache}/log";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "{user}";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""
# An empty status: what is installed here must not count as what the release has.
_OTHER_RELEASE: Final = """\
Dir::Etc::sourcelist "{work}/release.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::status "{work}/status";
"""


class DebianError(Exception):
    """The packages can't be had here; the message says why in one line."""


def available() -> bool:
    """Whether this machine has what it takes to download and unpack Debian's packages."""
    return all(shutil.which(program) for program in ("apt-get", "dpkg"))


def unpack(packages: Sequence[str], folder: Path, *, release: str | None = None) -> None:
    """Download `packages` and unpack all of them into `folder`, which may not exist yet.

    `release` is the name of a release of Debian, as `trixie`; without it the machine's own. The
    folder appears whole or not at all. Whoever calls keeps others from doing so at the same
    time. Raises DebianError.
    """
    if not available():
        message = "this machine has no apt-get and dpkg"
        raise DebianError(message)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(f"{_PREFIX}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_PREFIX) as name:
        work = Path(name)
        unpacked = work / "unpacked"
        unpacked.mkdir()
        for archive in _download(packages, work, release):
            _run(["dpkg", "-x", str(archive), str(unpacked)], work, timeout=60)
        unpacked.chmod(0o755)
        unpacked.replace(folder)


def _download(packages: Sequence[str], work: Path, release: str | None) -> list[Path]:
    """The downloaded .deb files, one a package."""
    apt = ["apt-get", "--quiet", "-c", str(_configure(work))]
    _run([*apt, "update"], work, timeout=UPDATE_TIMEOUT)
    if release is not None:
        _turn_to(release, _mirror(apt, work), work)
        _run([*apt, "update"], work, timeout=UPDATE_TIMEOUT)
    _run([*apt, "download", *packages], work, timeout=DOWNLOAD_TIMEOUT)
    archives = sorted(work.glob("*.deb"))
    if len(archives) < len(set(packages)):
        message = f"apt-get download brought {len(archives)} of {len(set(packages))} packages"
        raise DebianError(message)
    return archives


def _configure(work: Path) -> Path:
    """Apt's lists and cache inside `work`, for whoever runs this."""
    lists, cache = work / "lists", work / "cache"
    (lists / "partial").mkdir(parents=True)
    (cache / "archives" / "partial").mkdir(parents=True)
    # As root, apt would download as the user _apt, who may not enter these folders.
    user = "root" if os.geteuid() == 0 else ""
    configuration = work / "apt.conf"
    configuration.write_text(
        _CONFIGURATION.format(lists=lists, cache=cache, user=user), encoding="utf-8"
    )
    return configuration


def _mirror(apt: list[str], work: Path) -> str:
    """Where this machine has Debian itself from, in the words of its lists."""
    fields = "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)"
    said = _run([*apt, "indextargets", "--format", fields], work, timeout=UPDATE_TIMEOUT)
    for line in said.splitlines():
        *names, uri = line.split("|")
        if names == ["Debian", "Debian", "main"]:
            return uri
    message = "this machine's apt has no source of Debian's own packages"
    raise DebianError(message)


def _turn_to(release: str, mirror: str, work: Path) -> None:
    """Let apt see nothing but `release`, from the machine's own mirror and by Debian's keys."""
    source = f"deb [signed-by={_KEYRING}] {mirror} {release} main\n"
    (work / "release.list").write_text(source, encoding="utf-8")
    (work / "status").touch()
    with (work / "apt.conf").open("a", encoding="utf-8") as configuration:
        configuration.write(_OTHER_RELEASE.format(work=work))


def _run(command: list[str], work: Path, *, timeout: float) -> str:
    """Run `command` in `work` and return what it printed; its own words become the error."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"{' '.join(command[:1])} took longer than {timeout:.0f} s"
        raise DebianError(message) from error
    if done.returncode != 0:
        raise DebianError(_reason(command[0], done.stderr))
    return done.stdout


def _reason(program: str, said: str) -> str:
    """The first error among the lines that a program wrote, or its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "dpkg"))]
    return f"{program}: {(errors or lines[-1:] or ['failed without a word'])[0]}"
