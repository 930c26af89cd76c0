"""The stages, built one after another, each in a tree of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.image import base, copying
from tests.image.configuration import Configuration, after
from tests.image.room import SHOWN, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.image.dockerfile import Stage, Step

# Where packages come from is the machine's to say, as it would be for Docker.
_NETWORK: Final = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_PROXY"),
    *("PIP_DEFAULT_TIMEOUT", "PIP_RETRIES"),
)
_AUTHORITIES: Final = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_LAST_WORDS: Final = 1500


@dataclass(frozen=True, slots=True)
class Built:
    """A stage's tree, what its program is started with, and how many RUNs it took."""

    tree: Path
    configuration: Configuration
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds below `folder`, from the checkout at `context`; tells each step to `report`."""

    folder: Path
    context: Path
    report: Callable[[str], None]
    built: dict[str, Built] = field(default_factory=dict)

    def build(self, stages: Sequence[Stage]) -> Built:
        """All stages; the last one is the image. Raises BuildError, DockerfileError."""
        for stage in stages:
            self.built[stage.name] = self._stage(stage)
        return self.built[stages[-1].name]

    def image(self, name: str) -> Built:
        """The base image `name`, made once."""
        if name not in self.built:
            tree = self._tree(f"image-{len(self.built)}")
            base.make(base.release(name), tree)
            self.built[name] = Built(tree, Configuration())
        return self.built[name]

    def _stage(self, stage: Stage) -> Built:
        begun = self.built.get(stage.base) or self.image(stage.base)
        tree = self._tree(f"stage-{stage.name}")
        subprocess.run(["cp", "--archive", "--reflink=auto", f"{begun.tree}/.", tree], check=True)
        configuration, runs = begun.configuration, 0
        for step in stage.steps:
            configuration = after(configuration, step)
            match step.word:
                case "RUN":
                    self.report(f"RUN {step.value}")
                    self._run(step, tree, configuration)
                    runs += 1
                case "COPY":
                    self._copy(step, tree, configuration)
                case "WORKDIR":
                    (tree / configuration.folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
        return Built(tree, configuration, runs)

    def _tree(self, name: str) -> Path:
        tree = self.folder / name
        tree.mkdir(mode=0o755)
        return tree

    def _copy(self, step: Step, tree: Path, configuration: Configuration) -> None:
        said = copying.read(step.value)
        if said.stage:
            copying.copy(said, self.built[said.stage].tree, tree, configuration.folder)
            return
        ignore = (self.context / ".dockerignore").read_text(encoding="utf-8")
        patterns = [line for line in ignore.splitlines() if line and not line.startswith("#")]
        copying.copy(said, self.context, tree, configuration.folder, patterns)

    def _run(self, step: Step, tree: Path, configuration: Configuration) -> None:
        room = Room(
            tree,
            {"HOME": "/root", **configuration.known, **network(os.environ)},
            folder=configuration.folder,
            user=configuration.user,
            group=configuration.group,
            shown=authorities(self.folder, os.environ),
        )
        done = room.run("/bin/sh", "-c", step.value, seconds=base.SECONDS)
        if done.returncode:
            message = f"RUN {step.value[:60]}… ended with {done.returncode}:\n"
            raise base.BuildError(message + done.stdout[-_LAST_WORDS:])


def network(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which a room reaches the network as this machine does."""
    passed = {name: environment[name] for name in _NETWORK if name in environment}
    if any(name in environment for name in _AUTHORITIES):
        passed |= dict.fromkeys(_AUTHORITIES, f"{SHOWN}/authorities.pem")
    return passed


def authorities(folder: Path, environment: Mapping[str, str]) -> Path | None:
    """A folder with the authorities that this machine trusts, where it names a file of them."""
    file = next((environment[name] for name in _AUTHORITIES if name in environment), None)
    if file is None:
        return None
    authorities = folder / "authorities"
    authorities.mkdir(exist_ok=True)
    shutil.copy(file, authorities / "authorities.pem")
    return authorities
