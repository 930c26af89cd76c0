"""Programs that bring their own C library run with it, wherever they stand."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.carrying import carried
from worker.stack.carried import carry
from worker.stack.errors import StackError


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def loaded(program: Path) -> set[str]:
    """The libraries that `cat` runs with, by its own word."""
    rows = run(program, "/proc/self/maps").splitlines()
    paths = [row.split(maxsplit=5)[5] for row in rows if ".so" in row]
    return {str(Path(path).parent) for path in paths}


def test_a_carried_program_uses_no_library_of_the_machine(tmp_path: Path) -> None:
    program = carried(tmp_path / "with a space")
    assert loaded(program) == {str(tmp_path / "with a space/usr/lib/x-linux-gnu")}


def test_what_a_carried_program_is_given_reaches_it(tmp_path: Path) -> None:
    file = tmp_path / "een 'naam'"
    file.write_text("inhoud", encoding="utf-8")
    assert run(carried(tmp_path / "root"), file, file) == "inhoudinhoud"


def test_a_carried_program_knows_where_it_stands(tmp_path: Path) -> None:
    """PostgreSQL finds its files, and initdb finds postgres, from the name that it is called by."""
    program = carried(tmp_path / "root", "sh")
    assert run(program, "-c", 'echo "$0"') == f"{program}\n"


def test_a_folder_that_has_moved_is_put_right(tmp_path: Path) -> None:
    carried(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    carry(tmp_path / "after", ["bin/*"])
    libraries = loaded(tmp_path / "after/bin/cat")
    assert libraries == {str(tmp_path / "after/usr/lib/x-linux-gnu")}


def test_carrying_again_changes_nothing(tmp_path: Path) -> None:
    program = carried(tmp_path / "root")
    before = program.stat()
    carry(tmp_path / "root", ["bin/*"])
    assert program.stat() == before


def test_carrying_that_was_interrupted_is_completed(tmp_path: Path) -> None:
    program = carried(tmp_path / "root")
    program.unlink()
    carry(tmp_path / "root", ["bin/*"])
    assert loaded(program) == {str(tmp_path / "root/usr/lib/x-linux-gnu")}


def test_a_script_and_a_link_stay_as_they_are(tmp_path: Path) -> None:
    program = carried(tmp_path / "root")
    script, link = program.with_name("script"), program.with_name("link")
    script.write_text("#!/bin/sh\n", encoding="ascii")
    link.symlink_to("cat")
    carry(tmp_path / "root", ["bin/*"])
    assert script.read_text(encoding="ascii") == "#!/bin/sh\n"
    assert sorted(path.name for path in program.parent.iterdir()) == [
        "cat",
        "cat.elf",
        "link",
        "script",
    ]


def test_a_folder_without_a_c_library_is_a_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="holds no C library: delete it"):
        carry(tmp_path, ["bin/*"])
