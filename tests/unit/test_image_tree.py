"""What `make image-root` finds in a tree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.image import tree
from tests.image.report import WIDTH, Report

if TYPE_CHECKING:
    from pathlib import Path


def make(top: Path, *names: str, mode: int = 0o644) -> list[tree.Entry]:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).touch()
        (top / name).chmod(mode)
    return tree.entries(top)


def test_compilers_are_programs_with_a_name_of_theirs(tmp_path: Path) -> None:
    make(tmp_path, "usr/bin/gcc-12", "usr/bin/x86_64-linux-gnu-ld", "bin/make", mode=0o755)
    make(tmp_path, "usr/bin/ld.so", "usr/bin/python3", mode=0o755)
    found = tree.compilers(make(tmp_path, "usr/share/doc/gcc"))
    assert sorted(found) == ["bin/make", "usr/bin/gcc-12", "usr/bin/x86_64-linux-gnu-ld"]


def test_installers_are_packages_programs_and_what_they_come_in(tmp_path: Path) -> None:
    found = make(tmp_path, "opt/bin/pip3.11", "lib/pip/__init__.py", "a-1.whl", "lib/piper/x.py")
    assert sorted(tree.installers(found)) == ["a-1.whl", "lib/pip", "opt/bin/pip3.11"]


def test_lists_and_downloads_of_apt_are_files(tmp_path: Path) -> None:
    found = make(tmp_path, "var/lib/apt/lists/x_Packages", "var/lib/apt/lists/lock", "var/lib/x")
    assert tree.lists(found) == ["var/lib/apt/lists/x_Packages"]


def test_what_is_owned_is_the_users_or_its_groups(tmp_path: Path) -> None:
    found = make(tmp_path, "file")
    user, group = os.getuid(), os.getgid()
    assert tree.owned(found, user, group + 1) == ["", "file"]
    assert tree.owned(found, user + 1, group) == ["", "file"]
    assert tree.owned(found, user + 1, group + 1) == []


def test_a_folder_like_tmp_is_not_open_to_anyone(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to("tmp")
    assert sorted(tree.open_to_anyone(make(tmp_path, "file", mode=0o666))) == ["file", "open"]


@pytest.mark.parametrize("mode", [0o4755, 0o2755])
def test_special_is_what_runs_as_its_owner_or_its_group(tmp_path: Path, mode: int) -> None:
    make(tmp_path, "ordinary", mode=0o755)
    assert tree.special(make(tmp_path, "passwd", mode=mode)) == {"passwd"}


def test_what_is_not_so_is_counted_and_told_with_what_says_so() -> None:
    lines: list[str] = []
    report = Report(lines.append)
    report.none("nothing here", [])
    report.none("nothing there", [f"file-{number}" for number in range(7)])
    assert (report.seen, report.wrong) == (2, 1)
    assert lines[:3] == ["ok    nothing here", "WRONG nothing there", "      file-0"]
    assert lines[-1] == "      and 2 more"


def test_no_line_is_wider_than_a_terminal() -> None:
    lines: list[str] = []
    report = Report(lines.append)
    report.step("RUN " + "a-word " * 40)
    report.check("a thing " * 40, holds=False, details=["a detail " * 40])
    assert max(len(line) for text in lines for line in text.splitlines()) <= WIDTH
