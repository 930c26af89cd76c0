"""What commands show of the demo with marks, to whoever asks for nothing more than they show."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from typer.testing import CliRunner, Result

from tests.marks import mark
from tests.program import run
from worker.cli import app, dead_letters, notificaties

if TYPE_CHECKING:
    from tests.marked.stage import Stage

KINDS: Final = ("notitie", "reden")
# All commands there are take longer to put together than one does to run.
_GROUPS: Final = {"dead-letters": dead_letters.app, "notificaties": notificaties.app}
# One of each kind: commands take their time.
_LETTERS: Final = """
    select distinct on (code, queue, veld, headers ->> 'content_type') id from dead_letter
    order by code, queue, veld, headers ->> 'content_type', bericht_id
"""
_TOLD: Final = """
    select distinct on (m.toestand, m.code, m.pogingen > 1, d.code) m.id
    from mail as m left join dead_letter as d on d.bericht_id = m.id::text
    union all (select distinct klantcontact from notificatie where mail is null limit 2)
"""
_ZAAK: Final = "ZAAK-2026-0000001"


async def command(stage: Stage, where: str, *arguments: str) -> Result:
    """Run `klantcontact …` within this process, and keep what it says; it did or could not."""
    runner = CliRunner()
    env = {**stage.environment, "COLUMNS": "200"}
    group, *rest = arguments
    found, given = (_GROUPS[group], rest) if group in _GROUPS else (app, arguments)
    result = await asyncio.to_thread(runner.invoke, found, given, env=env)
    assert result.exit_code in {0, 1}, (arguments, result.output)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    stage.note(where, result.output)
    return result


async def look(stage: Stage, where: str, *arguments: str) -> None:
    """As a person and as a program reads it."""
    await command(stage, where, *arguments)
    await command(stage, where, *arguments, "--json")


async def put_right(stage: Stage) -> None:
    """A dead letter is edited and retried, others are retried; with notes and reasons."""
    letters = await stage.letters()
    said = ("--reason", mark("reden"))
    note = ("note", str(letters["demo-17"]), mark("notitie"))
    await command(stage, "dead-letters", "dead-letters", *note)
    change = ("--set", f"zaak={_ZAAK}", "--set", f"toelichting={mark('toelichting')}")
    edit = ("edit", str(letters["demo-26"]), *change, *said, "--retry")
    await command(stage, "dead-letters", "dead-letters", *edit)
    failed = await stage.pool.fetch("select id from dead_letter where code = 'mail-mislukt'")
    again = (str(letters["token-woord"]), *(str(each["id"]) for each in failed))
    # It handles signals, which it can do in a process of its own only.
    retry = ("dead-letters", "retry", *again, "--wait", *said)
    ended = await run(*retry, environment=stage.environment)
    assert ended.code == 1, "the token is no better than it was"
    stage.note("dead-letters", ended.out + ended.err)


async def look_around(stage: Stage) -> None:
    """All that shows what there is without asking for what is personal."""
    await look(stage, "status", "status")
    await look(stage, "settings", "settings")
    await look(stage, "settings", "settings", "--explain")
    await look(stage, "dead-letters groups", "dead-letters", "groups", "--toestand", "alle")
    listed = ("list", "--toestand", "alle", "--limit", "1000")
    await look(stage, "dead-letters list", "dead-letters", *listed)
    for row in await stage.pool.fetch(_LETTERS):
        await look(stage, "dead-letters show", "dead-letters", "show", str(row["id"]))
    await look(stage, "notificaties list", "notificaties", "list", "--limit", "1000")
    for row in await stage.pool.fetch(_TOLD):
        await look(stage, "notificaties show", "notificaties", "show", str(row["id"]))
