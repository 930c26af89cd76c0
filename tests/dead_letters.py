"""Dead letters as the intake leaves them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.contacts import NOW
from tests.registrations import unreadable
from worker.errors import Refusal
from worker.formats import REGISTREREN, ZAAK_BIJGEWERKT, decode
from worker.formats.content import parse_klantcontact
from worker.postgres.dead_letters import store_dead_letters
from worker.postgres.objections import FACTS
from worker.postgres.pool import connected, transaction
from worker.register import parse_fact

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from typer.testing import Result

    from worker.envelope import Delivery
    from worker.errors import Violation

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]


def put_away(database: str, sent: Delivery, *violations: Violation) -> UUID:
    """A delivery as a dead letter, with what is wrong with it unless it is told; its id."""
    rejected = unreadable(sent, *(violations or wrong(sent)))

    async def store() -> UUID:
        async with connected(database, size=1) as pool, transaction(pool) as connection:
            return (await store_dead_letters(connection, [rejected], NOW))[rejected.id]

    return asyncio.run(store())


@dataclass
class Desk:
    """Whoever puts a dead letter right: the one that was put there last."""

    run: Run
    rows: Rows
    database: str
    folder: Path
    letter: str = ""

    def put(self, sent: Delivery, *violations: Violation) -> str:
        self.letter = str(put_away(self.database, sent, *violations))
        return self.letter

    def edit(self, *arguments: str, code: int = 0, given: bytes | None = None) -> Result:
        return self.run("dead-letters", "edit", self.letter, *arguments, code=code, given=given)

    def versions(self) -> list[tuple[Any, ...]]:
        return self.rows("select versie, inhoud from dead_letter_versie order by versie")

    def handled(self) -> list[tuple[Any, ...]]:
        return self.rows(
            """
            select handeling, door, reden, bijzonderheden::text from dead_letter_handeling
            order by id
            """
        )

    def editor(self, does: str) -> Editor:
        """A program that is given the file as $1, and writes down what it sees."""
        seen = self.folder / "seen"
        script = self.folder / "my editor"
        script.write_text(_EDITOR.format(seen=seen, does=does))
        script.chmod(0o755)
        return Editor(f"'{script}'", seen)


_EDITOR = """#!/bin/sh
stat -c %a "$1" > '{seen}.mode'
echo "$1" > '{seen}.path'
cp "$1" '{seen}'
{does}
"""


@dataclass(frozen=True)
class Editor:
    """The command that starts it, and what it saw."""

    command: str
    seen: Path

    @property
    def mode(self) -> str:
        return self.seen.with_name("seen.mode").read_text().strip()

    @property
    def path(self) -> Path:
        """Where the text was, and is if it was kept."""
        return Path(self.seen.with_name("seen.path").read_text().strip())


def wrong(sent: Delivery) -> tuple[Violation, ...]:
    """What the intake finds in it, before any rule."""
    fact = sent.queue == FACTS
    try:
        kind = ZAAK_BIJGEWERKT if fact else REGISTREREN
        data = decode(sent, NOW, 1024 * 1024, kind).data
        if fact:
            parse_fact(data)
        else:
            parse_klantcontact(data)
    except Refusal as refusal:
        return refusal.violations
    return ()
