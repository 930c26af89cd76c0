"""`klantcontact dead-letters edit`: a content put right, as a version beside what came."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from worker.cli import calling, phrases, texts
from worker.cli.dead_letters.selecting import Reason
from worker.clock import now
from worker.domain.text import printable
from worker.errors import UsageError
from worker.postgres import editing
from worker.postgres.dead_letter_details import Reveal
from worker.postgres.editing import Edit, Start
from worker.postgres.pool import connected
from worker.postgres.retrying import Retry
from worker.postgres.tls import database_url

if TYPE_CHECKING:
    from worker.cli.dead_letters.drafting import Changes, Source
    from worker.settings import Settings


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of it: a version, or what is wrong; with neither, nothing was to be changed."""

    version: int | None = None
    fields: tuple[str, ...] = ()
    errors: tuple[dict[str, str | None], ...] = ()

    def document(self, asked: _Asked) -> dict[str, Any]:
        """What `--json` prints."""
        stored = self.version is not None
        return {
            "id": asked.letter,
            "stored": stored,
            "versie": self.version,
            "velden": self.fields,
            "retried": stored and asked.retry,
            "errors": self.errors,
        }


@dataclass(frozen=True, slots=True)
class _Asked:
    letter: UUID
    changes: Changes
    by: str
    reason: str | None
    retry: bool
    as_json: bool


def edit(
    identity: Annotated[UUID, typer.Argument(metavar="ID", help="The id of the dead letter.")],
    by: calling.As = None,
    *,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="A field as errors name it, as opvoerder.soort; JSON, or else a text.",
        ),
    ] = None,
    unsets: Annotated[
        list[str] | None, typer.Option("--unset", metavar="PATH", help="A field to take away.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="The whole content, as the contract's JSON; - is stdin.")
    ] = None,
    reason: Reason = None,
    retry: Annotated[bool, typer.Option("--retry", help="Retry it when it is stored.")] = False,
    as_json: calling.Json = False,
) -> None:
    """Put a content right; without --set, --unset and --file, in $VISUAL or $EDITOR.

    What came is kept. Neither its opvoerder, source nor id can be edited.
    """
    # The formats take a while to load: no other command waits for them.
    from worker.cli.dead_letters.drafting import Changes

    if file is not None and (sets or unsets):
        texts.wrong_usage("--file gives the whole content: leave --set and --unset out")
    changes = Changes(tuple(sets or ()), tuple(unsets or ()), file)
    asked = _Asked(identity, changes, texts.actor(by), texts.reason(reason), retry, as_json)
    with calling.errors_in_a_line():
        _edit(asked)


def _edit(asked: _Asked) -> None:
    from worker.cli.dead_letters import editor
    from worker.cli.dead_letters.drafting import Source, draft

    settings = calling.settings()
    if asked.changes.in_editor:
        # Nothing is revealed, and nothing of it put on record, where there is none.
        editor.command()
    reveal = Reveal(asked.by, asked.reason, now()) if asked.changes.in_editor else None
    begun = calling.call(_start(settings, asked.letter, reveal))
    source = Source.of(begun.stored)
    with draft(source, asked.changes) as data:
        if source.unchanged(data):
            result = _Result()
        else:
            _check(source, data, asked, settings.message_bytes)
            fields = tuple(source.fields(data))
            made = Edit(begun, data, fields, asked.by, asked.reason, now())
            result = _Result(calling.call(_store(settings, made, retry=asked.retry)), fields)
    _tell(result, asked)


def _check(source: Source, data: bytes, asked: _Asked, most: int) -> None:
    """Nothing is stored that would be refused for what it is; exit status 1 if it would."""
    from worker.cli.dead_letters.drafting import told

    if len(data) > most:
        raise UsageError(f"at most {most} bytes, and this is {len(data)}; send documents by url")
    if wrong := source.wrong(data):
        _tell(_Result(errors=tuple(told(each, source, asked.changes) for each in wrong)), asked)
        raise typer.Exit(1)


async def _start(settings: Settings, letter: UUID, reveal: Reveal | None) -> Start:
    async with connected(database_url(settings), size=1) as pool:
        return await editing.start(pool, letter, reveal)


async def _store(settings: Settings, edit: Edit, *, retry: bool) -> int:
    again = Retry(edit.by, edit.reason, edit.now, settings.retry_lease) if retry else None
    async with connected(database_url(settings), size=1) as pool:
        return await editing.store(pool, edit, again)


def _tell(result: _Result, asked: _Asked) -> None:
    if asked.as_json:
        calling.print_json(result.document(asked))
    elif result.errors:
        typer.echo("Error: nothing stored, for this would be refused again:", err=True)
        for each in result.errors:
            field = f"{printable(each['field'])}: " if each["field"] else ""
            typer.echo(f"  {each['code']}: {field}{each['detail']}", err=True)
    elif result.version is None:
        typer.echo("Nothing was changed, so nothing is stored.")
    else:
        _tell_stored(result, asked)


def _tell_stored(result: _Result, asked: _Asked) -> None:
    typer.echo(f"Stored as version {result.version} of its content; what came is kept.")
    if result.fields:
        typer.echo(f"Changed: {', '.join(result.fields)}")
    typer.echo("Retried; see what becomes of it:" if asked.retry else "Next:")
    words = ["klantcontact", "dead-letters", "show" if asked.retry else "retry", str(asked.letter)]
    typer.echo(phrases.command(words, calling.out.width))
