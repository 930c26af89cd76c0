"""The services are of the version that was asked for, and Debian's other releases can be had."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
import pytest

from worker.stack import chosen, debian, packages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.broker import Broker
    from worker.stack.state import StackState

RABBITMQ, POSTGRES = chosen.choice(os.environ).values()


@pytest.mark.skipif(
    RABBITMQ not in packages.RABBITMQ_VERSIONS,
    reason="no version is asked for; make test-rabbitmq4 does",
)
async def test_rabbitmq_is_of_the_version_that_was_asked_for(broker: Broker) -> None:
    assert (await broker.version())[:2] == tuple(map(int, RABBITMQ.split(".")))


@pytest.mark.skipif(
    POSTGRES not in packages.POSTGRES_VERSIONS,
    reason="no version is asked for; make test-postgres15 does",
)
def test_postgresql_is_of_the_version_that_was_asked_for(services: StackState) -> None:
    with psycopg.connect(services.postgres) as connection:
        assert connection.info.server_version // 10000 == int(POSTGRES)


def test_letters_beyond_ascii_are_letters_in_every_version(services: StackState) -> None:
    with psycopg.connect(services.postgres) as connection:
        row = connection.execute("select upper('één'), 'a' < 'B', 'z' < 'é'").fetchone()
    assert row == ("ÉÉN", False, True)


@pytest.mark.skipif(not debian.available(), reason="no Debian")
def test_packages_come_from_the_release_that_is_named(tmp_path: Path) -> None:
    try:
        debian.unpack(["base-files"], tmp_path / "unpacked", release="trixie")
    except debian.DebianError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"Debian's packages can't be had: {error}")
    version = (tmp_path / "unpacked/etc/debian_version").read_text(encoding="ascii")
    assert version.startswith("13.")
    assert [path.name for path in tmp_path.iterdir()] == ["unpacked"]


@pytest.mark.skipif(not debian.available(), reason="no Debian")
def test_a_release_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(debian.DebianError) as caught:
        debian.unpack(["base-files"], tmp_path / "unpacked", release="klantcontact")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
