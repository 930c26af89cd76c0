"""The mails that reach the mail catcher."""

from __future__ import annotations

from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING

from tests.waiting import until

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path


class Mails:
    """Those that arrived since it was made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = set(folder.glob("*.eml"))

    def all(self) -> list[EmailMessage]:
        """In order of arrival."""
        arrived = sorted(set(self._folder.glob("*.eml")) - self._before)
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(file.read_bytes()) for file in arrived]

    async def arrived(self, count: int = 1) -> list[EmailMessage]:
        """Wait until there are `count`."""

        async def enough() -> list[EmailMessage] | None:
            found = self.all()
            return found if len(found) >= count else None

        return await until(enough, f"{count} mails")
