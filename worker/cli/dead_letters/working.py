"""An act on many dead letters, from the question to what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from worker.cli.dead_letters.batches import Tally, page_by_page
from worker.cli.dead_letters.picking import ask
from worker.postgres.choosing import Choice, count

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from worker.postgres.choosing import Place
    from worker.postgres.pages import Page
    from worker.postgres.pool import Pool


@dataclass(frozen=True, slots=True)
class Work:
    """An act: its verb as `retry`, `retrying` and `retried`, and how it is done.

    `named` does it to all ids or none, `page` to a page of a choice.
    """

    verb: str
    doing: str
    done: str
    named: Callable[[Pool, list[UUID]], Awaitable[None]]
    page: Callable[[Pool, Choice, int, Place | None], Awaitable[Page]]


async def carry_out(
    pool: Pool,
    picked: list[UUID] | Choice,
    work: Work,
    *,
    yes: bool,
    quiet: bool,
    rate: int | None = None,
) -> Tally:
    """Ask where it is about many, and do it; raises UsageError with nothing done."""
    total = await count(pool, picked) if isinstance(picked, Choice) else len(picked)
    ask(work.verb, work.done, total, yes=yes)
    if not isinstance(picked, Choice):
        await work.named(pool, picked)
        return Tally(picked, complete=True)
    choice = picked
    return await page_by_page(
        lambda most, after: work.page(pool, choice, most, after),
        work.doing,
        total,
        rate,
        quiet=quiet,
    )


def tell(tally: Tally, work: Work, hint: str | None) -> None:
    """For a person: how many, what was left alone, and what to do next."""
    if tally.complete and not tally.done and not tally.passed:
        typer.echo(f"Nothing to {work.verb}.")
        return
    typer.echo(f"{len(tally.done)} {work.done}.")
    if tally.passed:
        typer.echo(
            f"{tally.passed} passed over: in other hands just now, or not to be {work.done}."
        )
    if tally.done and hint:
        typer.echo(hint)
    if not tally.complete:
        typer.echo("Stopped before the end; the same command goes on with the rest.", err=True)
