"""Where exported dead letters go: lines in a stream, or files in a folder.

They hold personal data: files are for their owner's eyes, and have their name when they are whole.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

import orjson

from worker.cli.dead_letters.exported_document import document, with_body
from worker.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.postgres.dead_letter_export import Content, Record

_OURS: Final = 0o600
_OUR_FOLDER: Final = 0o700
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class Destination(Protocol):
    """Takes one dead letter after the other; raises OSError if it cannot."""

    def put(self, record: Record, content: Content | None) -> None:
        """Write one, whole."""


@dataclass(frozen=True, slots=True)
class Lines:
    """JSON Lines, the body within each."""

    stream: BinaryIO

    def put(self, record: Record, content: Content | None) -> None:
        """Write one line."""
        found = with_body(record, content)
        self.stream.write(orjson.dumps(found, default=str, option=orjson.OPT_APPEND_NEWLINE))


@dataclass(frozen=True, slots=True)
class Folder:
    """For each `<id>.json`, and with its content `<id>.body` as it came, to the byte.

    What a person edited stands beside it in `<id>.bewerkt.json`.
    """

    path: Path

    def put(self, record: Record, content: Content | None) -> None:
        """Write the files of one; where the .json is, the others are whole."""
        name = str(record.known.id)
        if content is not None:
            self._write(f"{name}.body", content.body)
            if content.edited is not None:
                self._write(f"{name}.bewerkt.json", content.edited)
        found = document(record, content)
        self._write(f"{name}.json", orjson.dumps(found, default=str, option=orjson.OPT_INDENT_2))

    def _write(self, name: str, data: bytes) -> None:
        with new_file(self.path / name) as stream:
            stream.write(data)


@contextmanager
def opened(output: Path | None, folder: Path | None) -> Iterator[Destination]:
    """Standard output, unless a file or a folder is named; raises UsageError if it cannot be."""
    named = folder or output
    try:
        if folder is not None:
            folder.mkdir(mode=_OUR_FOLDER, parents=True, exist_ok=True)
            yield Folder(folder)
        elif output is not None:
            with new_file(output) as stream:
                yield Lines(stream)
        else:
            yield Lines(sys.stdout.buffer)
            sys.stdout.buffer.flush()
    except OSError as error:
        if named is None:
            raise
        raise UsageError(f"{named} cannot be written: {error.strerror}") from None


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name, and the place of an older one, when it was written whole."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} cannot be written: it is no file")
    # Beside it, so that it can be renamed; by this process alone, so that two do not mix.
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with suppress(FileNotFoundError):
        partial.unlink()
    stream = os.fdopen(os.open(partial, _NEW, _OURS), "wb")
    try:
        with stream:
            yield stream
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
