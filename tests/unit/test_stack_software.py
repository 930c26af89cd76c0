"""Which RabbitMQ and PostgreSQL are found, and what is said where they aren't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.carrying import carried
from worker.stack import chosen, postgres_programs, software
from worker.stack.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

NOTHING: Final = "/nonexistent"


def unreported(line: str) -> None:
    raise AssertionError(line)


def rabbitmq(folder: Path, version: str) -> Path:
    """A folder as RabbitMQ is published."""
    (folder / "sbin").mkdir(parents=True)
    for name in ("rabbitmq-server", "rabbitmq-env"):
        (folder / "sbin" / name).touch()
    (folder / "plugins" / f"rabbit-{version}").mkdir(parents=True)
    return folder


def test_a_folder_with_rabbitmq_is_used_as_it_is(tmp_path: Path) -> None:
    folder = rabbitmq(tmp_path / "rabbit", "4.1.2")
    found = software.find_or_unpack(tmp_path, unreported, "/somewhere/bin", str(folder))
    assert found.server == folder / "sbin/rabbitmq-server"
    assert found.version == "4.1.2"
    assert "/somewhere/bin" in found.path.split(":")


def test_a_folder_without_rabbitmq_is_a_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"STACK_RABBITMQ is /nonexistent: there is no sbin"):
        software.find_or_unpack(tmp_path, unreported, "", NOTHING)


def test_a_version_that_debian_does_not_have_is_a_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"STACK_RABBITMQ is 2: give 3\.10, 4\.0, 4\.3, or a fold"):
        software.find_or_unpack(tmp_path, unreported, "", "2")
    with pytest.raises(StackError, match="STACK_POSTGRES is 9: give 15, 18, or a folder"):
        postgres_programs.find_or_unpack(tmp_path, unreported, "9")


def unpacked(folder: Path, version: str) -> tuple[Path, Path]:
    """A RabbitMQ as it is unpacked; the two scripts that start an Erlang."""
    carried(folder)
    rabbitmq(folder / f"usr/lib/rabbitmq/lib/rabbitmq_server-{version}", version)
    erlang = folder / "usr/lib/erlang"
    scripts = erlang / "bin/erl", erlang / "erts-15.2.7/bin/erl"
    for script in scripts:
        script.parent.mkdir(parents=True)
        script.write_text("ROOTDIR=/usr/lib/erlang\n", encoding="ascii")
    return scripts


def test_an_unpacked_erlang_starts_others_from_where_it_stands(tmp_path: Path) -> None:
    scripts = unpacked(tmp_path / "rabbitmq-4.3", "4.3.1")
    software.find_or_unpack(tmp_path, unreported, "", "4.3")
    here = f"ROOTDIR={tmp_path / 'rabbitmq-4.3/usr/lib/erlang'}\n"
    assert [script.read_text(encoding="utf-8") for script in scripts] == [here, here]


def test_a_release_that_has_gone_on_to_another_version_is_refused(tmp_path: Path) -> None:
    unpacked(tmp_path / "rabbitmq-4.3", "4.4.0")
    with pytest.raises(StackError, match=r"is 4\.3, and Debian's forky has 4\.4\.0 by now"):
        software.find_or_unpack(tmp_path, unreported, "", "4.3")


def test_a_folder_with_postgresql_is_used_as_it_is(tmp_path: Path) -> None:
    wheels = postgres_programs.find_or_unpack(tmp_path, unreported)
    found = postgres_programs.find_or_unpack(tmp_path, unreported, str(wheels.folder.parent))
    assert found == wheels
    assert found.major() == int(postgres_programs.OF_THE_WHEEL)


def test_a_folder_without_postgresql_is_a_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="STACK_POSTGRES is /nonexistent: there are no postgres"):
        postgres_programs.find_or_unpack(tmp_path, unreported, NOTHING)


def test_a_program_that_is_no_postgresql_is_a_clear_line(tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text("#!/bin/sh\necho iets anders\n", encoding="ascii")
    (tmp_path / "postgres").chmod(0o755)
    with pytest.raises(StackError, match="doesn't say its version: iets anders"):
        postgres_programs.Programs(tmp_path).major()
    (tmp_path / "postgres").chmod(0o644)
    with pytest.raises(StackError, match="doesn't say its version"):
        postgres_programs.Programs(tmp_path).major()


def test_data_are_not_given_to_another_version(tmp_path: Path) -> None:
    chosen.keep(tmp_path, {chosen.POSTGRES: "15"})
    chosen.check(tmp_path, {chosen.POSTGRES: "15"})
    with pytest.raises(StackError, match=r"made with \S+POSTGRES 15, and now it is unset: set it"):
        chosen.check(tmp_path, {})


def test_data_from_before_there_was_a_choice_were_made_without_one(tmp_path: Path) -> None:
    (tmp_path / "postgres/data").mkdir(parents=True)
    chosen.check(tmp_path, {})
    with pytest.raises(StackError, match=r"made with \S+RABBITMQ unset, and now it is 4\.0"):
        chosen.check(tmp_path, {chosen.RABBITMQ: "4.0"})


def test_where_nothing_was_made_any_version_will_do(tmp_path: Path) -> None:
    chosen.check(tmp_path, {chosen.RABBITMQ: "4.0"})
