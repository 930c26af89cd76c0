"""What the image's tree holds, and may not hold."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_TOOLS: Final = (
    *(
        "cc",
        "c++",
        "cpp",
        "gcc",
        "g++",
        "clang*",
        "tcc",
        "as",
        "ld",
        "ld.bfd",
        "ld.gold",
        "ld.lld",
        "make",
        "cmake",
    ),
    *("*-gcc", "*-gcc-[0-9]*", "*-g++*", "gcc-[0-9]*", "*-ld", "*-as", "rustc", "cargo", "go"),
)
_INSTALLERS: Final = (
    *("pip", "pip[0-9]*", "pip-*", "ensurepip", "uv", "easy_install*", "setuptools", "wheel"),
    "*.whl",
)
_LISTS: Final = ("var/lib/apt/lists", "var/cache/apt")
_ANYONE: Final = stat.S_IWOTH
_SPECIAL: Final = stat.S_ISUID | stat.S_ISGID


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing in a tree: its path from the tree's top, and what lstat says of it."""

    path: str
    status: os.stat_result

    @property
    def name(self) -> str:
        return Path(self.path).name

    def is_kind(self, kind: Callable[[int], bool]) -> bool:
        return kind(self.status.st_mode)


def entries(tree: Path) -> list[Entry]:
    """All that is in `tree`, the top itself too; links are not followed."""
    found = [Entry("", tree.lstat())]
    for folder, folders, files in os.walk(tree):
        paths = [Path(folder) / name for name in (*folders, *files)]
        found += [Entry(str(path.relative_to(tree)), path.lstat()) for path in paths]
    return found


def compilers(found: Iterable[Entry]) -> list[str]:
    """Programs that compile, assemble or link."""
    programs = (
        each
        for each in found
        if not each.is_kind(stat.S_ISDIR) and each.status.st_mode & stat.S_IXUSR
    )
    return list(_named(programs, _TOOLS))


def installers(found: Iterable[Entry]) -> list[str]:
    """What installs Python's packages, as a program or as a package, and what it leaves."""
    return list(_named(found, _INSTALLERS))


def lists(found: Iterable[Entry]) -> list[str]:
    """apt's lists and what it downloaded: files, as its empty folders may stay."""
    return [
        each.path
        for each in found
        if each.path.startswith(_LISTS) and each.is_kind(stat.S_ISREG) and each.name != "lock"
    ]


def owned(found: Iterable[Entry], user: int, group: int) -> list[str]:
    """What is the user's or its group's."""
    return [
        each.path for each in found if each.status.st_uid == user or each.status.st_gid == group
    ]


def open_to_anyone(found: Iterable[Entry]) -> list[str]:
    """What anyone may write, but for folders in which each has what is their own, as /tmp."""
    return [
        each.path
        for each in found
        if each.status.st_mode & _ANYONE
        and not each.is_kind(stat.S_ISLNK)
        and not (each.is_kind(stat.S_ISDIR) and each.status.st_mode & stat.S_ISVTX)
        and not each.is_kind(stat.S_ISCHR)
    ]


def special(found: Iterable[Entry]) -> set[str]:
    """Programs that run as their owner or group, whoever starts them."""
    return {
        each.path for each in found if each.is_kind(stat.S_ISREG) and each.status.st_mode & _SPECIAL
    }


def _named(found: Iterable[Entry], patterns: Iterable[str]) -> Iterator[str]:
    patterns = tuple(patterns)
    return (each.path for each in found if any(fnmatch(each.name, one) for one in patterns))
