"""A file that is read again when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class WatchedFile:
    """`setting` is what names the file, for messages."""

    def __init__(self, path: Path, setting: str) -> None:
        self._path = path
        self._setting = setting
        self._seen: tuple[int, int, int] | None = None

    @property
    def name(self) -> str:
        """The file for a person: by its setting and its path."""
        return f"{self._setting} ({self._path})"

    def changed(self) -> bytes | None:
        """The content if it is new since the last call; raises UsageError if it can't be read."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen == self._seen:
                return None
            content = self._path.read_bytes()
        except OSError as error:
            raise UsageError(f"{self.name} cannot be read: {error.strerror}") from None
        self._seen = seen
        return content
