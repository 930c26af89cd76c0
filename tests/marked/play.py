"""The demo with marks, played by the whole program, and all that could be seen of it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tests import gossiping
from tests.broker import Broker
from tests.gossiping import LOGIN, Gossip
from tests.integration.smtp.told_server import listening
from tests.marked import commands, demo, tokens, wrongs
from tests.marked.stage import Stage
from tests.marks import BSN, BSN_IN_AN_ID, TELEFOON, mark
from tests.program import Program
from tests.proxy import passing
from worker.postgres.pool import connected
from worker.rabbitmq import topology
from worker.stack.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.proxy import Proxy
    from worker.stack.state import StackState

_KINDS: Final = (
    *demo.KINDS,
    *tokens.KINDS,
    *wrongs.KINDS,
    *commands.KINDS,
    *gossiping.KINDS,
    "melding",
)
MARKS: Final = (*map(mark, _KINDS), TELEFOON, BSN, BSN_IN_AN_ID)
_FORMATS: Final = ("json", "console")
"""Of the logs of two workers side by side: what either does is looked at."""
_REFUSED, _PUT_OFF = (f"{mark('adres')}.{name}" for name in ("bilal", "daan"))


@dataclass(frozen=True, slots=True)
class Played:
    """What there was to be seen, and what was to be kept."""

    said: dict[str, str]
    secrets: frozenset[str]
    stored: str
    """All that the database holds."""
    mailed: str
    """All that the mail server took, which it does after a login only."""


async def play(
    services: StackState, database: str, folder: Path, scenes: Callable[[Stage], Awaitable[None]]
) -> Played:
    """Set the stage, play, and clear it away."""
    async with AsyncExitStack() as opened:
        stage = await _set(opened, services, database, folder)
        try:
            await scenes(stage)
            assert [await each.stop() for each in stage.programs] == [0] * len(stage.programs)
        finally:
            for each in stage.programs:
                await each.kill()
        for each in stage.programs:
            stage.note("stdout", "".join(each.raw))
            stage.note("stderr", each.err)
        passwords = {str(urlsplit(url).password) for url in (services.amqp, services.postgres)}
        secrets = frozenset((*MARKS, *passwords, *stage.tokens))
        return Played(stage.said, secrets, await stage.stored(), stage.post.mails())


async def _set(opened: AsyncExitStack, services: StackState, database: str, folder: Path) -> Stage:
    post = Gossip(refuses={_REFUSED}, puts_off={_PUT_OFF})
    smtp = await opened.enter_async_context(listening(post, login=LOGIN))
    served = {"amqp": services.amqp, "postgres": database, "smtp": f"smtp://127.0.0.1:{smtp}"}
    ways = {name: await opened.enter_async_context(passing(url)) for name, url in served.items()}
    broker = await opened.enter_async_context(Broker(services))
    await broker.purge()
    events = await (await broker.channel("admin")).declare_queue(exclusive=True)
    await events.bind(topology.GEBEURTENIS, "#")
    pool = await opened.enter_async_context(connected(database, size=2))
    environment = _environment(ways, folder)
    stage = Stage(broker, pool, post, ways, events, environment, free_ports(len(_FORMATS)))
    for port, each in zip(stage.ports, _FORMATS, strict=True):
        own = {"KLANTCONTACT_HTTP_PORT": str(port), "KLANTCONTACT_LOG_FORMAT": each}
        program = await Program.start("worker", environment={**environment, **own})
        stage.programs.append(program)
    return stage


def _environment(ways: dict[str, Proxy], folder: Path) -> dict[str, str]:
    given = {
        "AMQP_URL": ways["amqp"].url,
        "POSTGRES_URL": ways["postgres"].url,
        "SMTP_PORT": str(urlsplit(ways["smtp"].url).port),
        "SMTP_USERNAME": LOGIN[0],
        "SMTP_PASSWORD": LOGIN[1],
        "LOG_LEVEL": "debug",
        "DEFERRALS": "PT0.3S",
        "HOUSEKEEPING": "PT0.5S",
        "MAIL_RETRIES": ",".join(["PT0.5S"] * 20),
        "MAIL_WINDOW": "PT0S",
        "OUTAGE_PAUSE": "PT1S",
        "RELAY_POLL": "PT0.2S",
        # Another stack on this machine is none of theirs.
        "STACK_DIR": str(folder / "no-stack"),
    }
    named = {f"KLANTCONTACT_{name}": value for name, value in given.items()}
    return {**named, **tokens.write(folder)}
