"""docs/channels.md: what it tells a channel's engineer to run works as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import tokens
from tests.facts import fill
from tests.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]

_CHECKOUT = Path(__file__).parents[2]
_PAGE = (_CHECKOUT / "docs" / "channels.md").read_text(encoding="utf-8")


def _example(language: str, section: str = "The first message") -> str:
    (part,) = [
        each
        for each in re.split(r"^## ", _PAGE, flags=re.MULTILINE)
        if each.startswith(f"{section}\n")
    ]
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)
    return str(found)


async def _run(*command: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **environment},
        cwd=_CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == 0, err.decode()
    return out.decode()


@pytest.fixture
async def made(pool: Pool, start: Start) -> Callable[[str], Awaitable[None]]:
    """Checks that an example's output names the klantcontact that it made."""
    await fill(pool)
    await (await start("--role", "intake", "--role", "relay")).ready(2)

    async def check(output: str) -> None:
        (contact,) = await pool.fetch("select id::text, zaak from klantcontact")
        assert contact["id"] in output
        assert contact["zaak"] in output

    return check


def _environment(broker: Broker) -> dict[str, str]:
    return {"AMQP_URL": broker.url("callcenter"), "CLIENT_SECRET": tokens.SECRET}


async def test_the_example_in_python_registers_and_hears_of_it(
    broker: Broker, made: Callable[[str], Awaitable[None]], tmp_path: Path
) -> None:
    file = tmp_path / "first.py"
    file.write_text(_example("python"), encoding="utf-8")
    await made(await _run(sys.executable, str(file), **_environment(broker)))


async def test_the_example_in_javascript_registers_and_hears_of_it(
    broker: Broker, made: Callable[[str], Awaitable[None]], modules: Path, tmp_path: Path
) -> None:
    file = tmp_path / "first.js"
    file.write_text(_example("javascript"), encoding="utf-8")
    given = {**_environment(broker), "NODE_PATH": str(modules)}
    await made(await _run("node", str(file), **given))


async def test_the_command_registers_and_shows_what_it_became(
    broker: Broker, made: Callable[[str], Awaitable[None]], environment: dict[str, str]
) -> None:
    (line,) = re.findall(r"^klantcontact (publish .*)$", _PAGE, re.MULTILINE)
    given = {**environment, "KLANTCONTACT_AMQP_URL": broker.url("callcenter")}
    await made(await _run(sys.executable, "-m", "worker", *line.split(), **given))


@pytest.fixture
async def subscribed(broker: Broker, tmp_path: Path) -> AsyncIterator[asyncio.StreamReader]:
    """What the example of a subscriber prints, once it waits for events."""
    file = tmp_path / "subscriber.py"
    file.write_text(_example("python", "To subscribe to events"), encoding="utf-8")
    url = {"AMQP_URL": broker.url("abonnee"), "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(file), env={**os.environ, **url}, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert (
            await asyncio.wait_for(process.stdout.readline(), DEADLINE) == b"waiting for events\n"
        )
        yield process.stdout
    finally:
        process.kill()
        await process.wait()
        await (await broker.channel("abonnee")).queue_delete("gebeurtenis.abonnee.dossier")


async def test_the_example_of_a_subscriber_hears_of_a_klantcontact(
    broker: Broker,
    made: Callable[[str], Awaitable[None]],
    subscribed: asyncio.StreamReader,
    tmp_path: Path,
) -> None:
    file = tmp_path / "first.py"
    file.write_text(_example("python"), encoding="utf-8")
    await _run(sys.executable, str(file), **_environment(broker))
    heard = (await asyncio.wait_for(subscribed.readline(), DEADLINE)).decode()
    assert heard.startswith("nl.overheid.klantcontacten.klantcontact-geregistreerd ")
    await made(heard)
