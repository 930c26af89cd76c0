"""`klantcontact dead-letters export`: dead letters taken out, for other tools and other people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer

from worker.cli import calling, texts
from worker.cli.dead_letters import picking, selecting
from worker.clock import now
from worker.errors import UsageError
from worker.postgres.choosing import OPEN, TOESTANDEN, Choice, chosen
from worker.postgres.dead_letter_export import Record, contents, known, put_on_record, records
from worker.postgres.pool import connected
from worker.postgres.tls import database_url

if TYPE_CHECKING:
    from worker.cli.dead_letters.exported_files import Destination
    from worker.postgres.pool import Pool

if TYPE_CHECKING:
    from worker.cli.dead_letters.exported_files import Destination
    from worker.postgres.pool import Pool

Output = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write to a file; without it, to stdout.")
]
Folder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Write files ID.json, and with --reveal ID.body, in a folder."
    ),
]
Reveal = Annotated[
    bool, typer.Option("--reveal", help="Headers and bodies too; that you did is kept on record.")
]

# In any of them; what is open unless another is named.
_ABLE: Final = (*OPEN, *(each for each in TOESTANDEN if each not in OPEN))
_PER_PAGE: Final = 500
_MOST_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Seen:
    """Who takes out what is said in dead letters, and why."""

    by: str
    reason: str | None


def export(
    ids: selecting.Ids = None,
    by: calling.As = None,
    *,
    group: selecting.Group = None,
    everything: selecting.All = False,
    code: selecting.WithCode = None,
    queue: selecting.Queue = None,
    applicatie: selecting.Applicatie = None,
    zaak: selecting.Zaak = None,
    since: selecting.Since = None,
    until: selecting.Until = None,
    toestand: selecting.Toestand = None,
    output: Output = None,
    folder: Folder = None,
    reveal: Reveal = False,
    reason: selecting.Reason = None,
    as_json: calling.Json = False,
) -> None:
    """Export dead letters as JSON Lines, or to files in a folder."""
    if output is not None and folder is not None:
        texts.wrong_usage("give --output or --folder, not both")
    if as_json and output is None and folder is None:
        texts.wrong_usage("JSON Lines go to stdout: --json goes with --output and --folder")
    seen = _Seen(texts.actor(by), texts.reason(reason)) if reveal else None
    filters = picking.Filters(code, queue, applicatie, zaak, since, until, toestand)
    with calling.errors_in_a_line():
        picked = picking.pick(ids, group, filters, everything=everything, able=_ABLE, now=now())
    count = calling.call(_export(picked, seen, output, folder))
    _tell(count, output or folder, as_json=as_json)


async def _export(
    picked: list[UUID] | Choice, seen: _Seen | None, output: Path | None, folder: Path | None
) -> int:
    """How many were written; raises UsageError with nothing written if one is not there."""
    # The contract takes a while to load: no other command waits for it.
    from worker.cli.dead_letters.exported_files import opened

    count = 0
    async with connected(database_url(calling.settings()), size=1) as pool:
        if not isinstance(picked, Choice):
            await _check(pool, picked)
        with opened(output, folder) as destination:
            async for ids in _pages(pool, picked):
                for portion in _portions(await records(pool, ids)):
                    await _write(pool, portion, seen, destination)
                    count += len(portion)
    return count


async def _check(pool: Pool, ids: list[UUID]) -> None:
    there = await known(pool, ids)
    missing = [str(each) for each in ids if each not in there]
    if missing:
        more = f" and {len(missing) - 1} others" if len(missing) > 1 else ""
        raise UsageError(f"there is no dead letter {missing[0]}{more}; nothing was written")


async def _pages(pool: Pool, picked: list[UUID] | Choice) -> AsyncIterator[Sequence[UUID]]:
    if not isinstance(picked, Choice):
        for first in range(0, len(picked), _PER_PAGE):
            yield picked[first : first + _PER_PAGE]
        return
    after = None
    while places := await chosen(pool, picked, _PER_PAGE, after):
        yield [each[1] for each in places]
        after = places[-1]


def _portions(page: Sequence[Record]) -> Iterator[list[Record]]:
    """As many at a time as memory should hold the contents of, and at least one."""
    portion: list[Record] = []
    size = 0
    for record in page:
        if portion and size + record.size > _MOST_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(record)
        size += record.size
    if portion:
        yield portion


async def _write(
    pool: Pool, portion: list[Record], seen: _Seen | None, destination: Destination
) -> None:
    """On record first: what is said in one is in nobody's hands without that."""
    if seen is None:
        for record in portion:
            destination.put(record, None)
        return
    ids = [record.known.id for record in portion]
    await put_on_record(pool, ids, seen.by, seen.reason, now())
    found = await contents(pool, ids)
    for record in portion:
        if record.known.id in found:
            destination.put(record, found[record.known.id])


def _tell(count: int, where: Path | None, *, as_json: bool) -> None:
    if as_json:
        calling.print_json({"exported": count, "to": str(where)})
        return
    done = "1 dead letter" if count == 1 else f"{count} dead letters"
    # Standard output is for the lines alone.
    typer.echo(f"{done} exported{f' to {where}' if where else ''}.", err=where is None)
