"""The demo from curtain to curtain."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer
from rich.text import Text

from worker.cli import calling
from worker.cli.demo import playing, telling
from worker.cli.demo.messages import REGISTERED, REPEATED, samples
from worker.cli.demo.program import running_worker
from worker.stack.looking import default_root
from worker.stack.running import running
from worker.stack.state import StackState

_NAME = "demo"


def show() -> None:
    """Play on a stack of its own; exit status 1 if any message did not end as expected."""
    with calling.errors_in_a_line():
        root = default_root()
        calling.out.print(Text("klantcontact: from a channel's message to a mail", "bold"))
        with running(root, _NAME, keep=True, report=calling.err.print) as state:
            surprises = _play(state, root / _NAME / "worker.log")
    if surprises:
        telling.heading(calling.out, "Not as expected")
        telling.surprises(calling.out, surprises)
        raise typer.Exit(1)


def _play(state: StackState, log: Path) -> list[str]:
    """Act one: register; two: messages; three: what became of them. Returns the surprises."""
    facts = asyncio.run(playing.prepare(state))
    calling.out.print(f"Register   {facts} facts imported: zaken, zaaktypen, rights")
    sent = list(samples())
    with running_worker(state, log) as program:
        outcomes = playing.publish(state, program, sent)
        end = asyncio.run(playing.settled(state))
    calling.out.print(f"Published  {len(sent)} messages over {len({s.as_ for s in sent})} channels")
    _tell(state, log, end)
    return playing.surprises(sent, outcomes, end)


def _tell(state: StackState, log: Path, end: playing.End) -> None:
    sent = list(samples())
    out = calling.out
    registered = [each for each in sent if each.expected == REGISTERED]
    repeated = [each for each in sent if each.expected == REPEATED]
    refused = [each for each in sent if each.expected not in {REGISTERED, REPEATED}]
    telling.heading(out, f"Registered: {end.totals.klantcontacten} klantcontacten")
    telling.registered(out, registered)
    telling.heading(out, f"Repeated: {len(repeated)}, answered as before and not registered twice")
    telling.repeated(out, repeated)
    telling.heading(out, f"Refused: {end.totals.dead_letters} dead letters, each with its code")
    telling.refused(out, refused)
    telling.heading(out, f"Mails: {end.totals.mails_sent} sent, one per recipient")
    telling.mails(out, end.mails)
    telling.heading(out, "One dossier, as `klantcontact dossier` shows it")
    telling.dossier(out, end.dossier)
    telling.heading(out, "Where to look further")
    telling.further(out, state.mail_dir, log)
