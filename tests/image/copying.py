"""COPY: from the checkout, less what .dockerignore leaves out, or from an earlier stage."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from tests.image.configuration import listed
from tests.image.dockerfile import DockerfileError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FROM: Final = re.compile(r"--from=(\S+)\s+")


@dataclass(frozen=True, slots=True)
class Copy:
    """What a COPY says: an earlier stage's name or "", the sources, and where they go."""

    stage: str
    sources: tuple[str, ...]
    target: str


def read(value: str) -> Copy:
    """What a COPY's `value` says. Raises DockerfileError."""
    matched = _FROM.match(value)
    named = listed(value[matched.end() :] if matched else value)
    if len(named) < len(("source", "target")) or named[0].startswith("--"):
        message = f"COPY {value} is not understood"
        raise DockerfileError(message)
    return Copy(matched[1] if matched else "", named[:-1], named[-1])


def left_out(path: str, patterns: Sequence[str]) -> bool:
    """Whether .dockerignore's `patterns` leave `path` out: of those that match, the last."""
    whole = PurePosixPath(path)
    places = [whole, *whole.parents][:-1]
    verdict = False
    for pattern in patterns:
        if any(_matches(place, pattern.removeprefix("!")) for place in places):
            verdict = not pattern.startswith("!")
    return verdict


def copy(said: Copy, origin: Path, tree: Path, folder: str, patterns: Sequence[str] = ()) -> None:
    """Do it: from `origin` into `tree`, whose working folder is `folder`.

    All becomes root's, as with Docker. A folder's content is copied, not the folder itself.
    """
    target = tree / folder.lstrip("/") / said.target
    if said.target.startswith("/"):
        target = tree / said.target.lstrip("/")
    for name in said.sources:
        source = origin / name.lstrip("/")
        if not source.exists() or left_out(name, patterns):
            message = f"COPY {name}: there is no such thing to copy"
            raise DockerfileError(message)
        _copy_one(source, target, _ignoring(origin, patterns), into=said.target.endswith("/"))


def _copy_one(
    source: Path, target: Path, ignore: Callable[[str, list[str]], set[str]], *, into: bool
) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=ignore)
        return
    if into or target.is_dir():
        target /= source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def _ignoring(origin: Path, patterns: Sequence[str]) -> Callable[[str, list[str]], set[str]]:
    def ignore(folder: str, names: list[str]) -> set[str]:
        place = Path(folder).relative_to(origin)
        return {name for name in names if left_out(str(place / name), patterns)}

    return ignore


def _matches(place: PurePosixPath, pattern: str) -> bool:
    """By segments, as `*` stands for no slash; `**/` before a name is any depth."""
    if pattern.startswith("**/"):
        return place.match(pattern.removeprefix("**/"))
    segments = PurePosixPath(pattern).parts
    return len(segments) == len(place.parts) and all(map(fnmatch, place.parts, segments))
