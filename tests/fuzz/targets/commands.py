"""What people give on the command line: options, moments and files with a message."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
import typer

from tests.contacts import NOW, contact
from tests.fuzz.pieces import joined, text
from tests.fuzz.target import Target
from tests.fuzz.targets.messages import SAMPLES
from worker.cli import app, message_file
from worker.cli.periods import moment
from worker.cli.register import moment_of_lines
from worker.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import Any


# Typer brings its own parser, of which it shows one error: this is the root of them.
_REFUSAL: Final[type[BaseException]] = typer.BadParameter.__mro__[2]


def moments(data: bytes) -> None:
    """Those that are taken can be given to the database and shown."""
    given = text(data)
    readers: tuple[Callable[[str], datetime | None], ...] = (_since, moment_of_lines)
    for read in readers:
        with suppress(UsageError):
            found = read(given)
            assert found is not None
            found.astimezone(UTC)


def _since(given: str) -> datetime | None:
    return moment("--since", given, NOW)


def file_with_message(data: bytes) -> None:
    for name in ("-", "bericht.xml", "bericht.json"):
        assert message_file.content_type(Path(name), data)
    named = message_file.opvoerder(data)
    assert named is None or isinstance(named.identificatie, str)


def arguments(data: bytes) -> None:
    """Taken, or refused with words: no command is run."""
    given = [text(each).replace("\x00", "") for each in data.split(b"\x1e")]
    try:
        _parsed(_program(), given)
    except (_REFUSAL, typer.Exit, UsageError):
        return


@cache
def _program() -> Any:  # noqa: ANN401 (the types of Typer's parser are its own)
    return typer.main.get_command(app)


def _parsed(command: Any, given: list[str]) -> None:  # noqa: ANN401 (as above)
    with command.make_context("klantcontact", given) as context:
        if hasattr(command, "commands"):
            rest = [*context._protected_args, *context.args]  # noqa: SLF001 (as Typer does, to run it)
            if not rest:
                return
            _, inner, left = command.resolve_command(context, rest)
            if inner is not None:
                _parsed(inner, left)


def _commands(command: Any, *path: str) -> Iterator[bytes]:  # noqa: ANN401 (as above)
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from _commands(inner, *path, name)
        return
    options = [each.opts[0] for each in command.params]
    yield joined(*(each.encode() for each in (*path, *options)))


_IDS: Final = (b"01936f5e-0000-7000-8000-00000000002a", b"ZAAK-2026-0000001")
MOMENTS: Final = Target(
    moments,
    (b"2026-11-23", b"2026-11-23T10:00:00+01:00", b"3d", b"now", b"2026-W48-1"),
    (b"0001-01-01", b"9999-12-31T23:59:59", b"-23:59", b"999999", b"m", b"h", b"Z"),
)
FILES: Final = Target(
    file_with_message,
    (orjson.dumps(contact()), b'{"specversion":"1.0","data":{}}', *SAMPLES),
    (b"opvoerder", b"soort", b"identificatie", b"null", b"[]", b"<!DOCTYPE", b"medewerker"),
)
ARGUMENTS: Final = Target(
    arguments, tuple(_commands(_program())), (b"\x1e", b"--json", b"--", b"=", b"-1", *_IDS)
)
