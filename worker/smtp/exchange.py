"""Commands out and replies in, several at a time (RFC 2920), over a connection that is greeted.

aiosmtplib takes one command at a time and loses the other replies of a group; so it connects,
secures and authenticates, and then its transport is taken over here. Nothing is raised: a
connection that ends gives fewer replies than were asked for.
"""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

NOT_AVAILABLE: Final = 421
_CODES: Final = frozenset(b"%d" % code for code in range(200, 600))
_ENDS_A_REPLY: Final = frozenset((b" ", b"\r", b""))
_LONGEST_REPLY: Final = 32 * 1024
_LARGE: Final = 64 * 1024


class Reply(NamedTuple):
    """What the server said to one command; lines of text are joined by a space."""

    code: int
    words: str


class Exchange(asyncio.Protocol):
    """One connection; `ask` is for one caller at a time.

    Whatever the server says unasked ends it: a goodbye, or replies that have lost their places.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.replies: list[Reply] = []
        """Those to the last `ask`, also when it was cancelled."""
        self.written = False
        """Whether the last byte of the last `ask` has left the program."""
        self._transport = transport
        self._open = not transport.is_closing()
        self._blocked = False
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._begun = b""
        self._texts: list[bytes] = []
        # So that pause_writing says at once that there are bytes which have not left. Not 0: a
        # TLS transport compares by "as many as", and would say so with nothing in hand.
        transport.set_write_buffer_limits(high=1, low=0)
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether there is still somebody to talk to, as far as is known."""
        return self._open and not self._transport.is_closing()

    async def ask(self, commands: bytes, count: int = 1) -> list[Reply]:
        """Write and wait for `count` replies; fewer if the connection ends or a 421 is among them.

        Whoever cancels it must `end` the connection.
        """
        self.replies, self.written = [], False
        if not self.is_open:
            return self.replies
        self._wanted = count
        self._waiter = asyncio.get_running_loop().create_future()
        if len(commands) > _LARGE:
            # A TLS transport says that bytes have not left by holding back those that follow.
            self._transport.write(commands[:-1])
            commands = commands[-1:]
        self._transport.write(commands)
        # A write that fails closes the transport before it returns.
        self.written = not (self._blocked or self._transport.is_closing())
        await self._waiter
        return self.replies

    def end(self) -> None:
        """Break the connection: what was not yet written is never sent."""
        self._open = False
        self._transport.abort()
        self._settle()

    def data_received(self, data: bytes) -> None:
        """Take what the server says."""
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._begun) + sum(map(len, self._texts)) > _LONGEST_REPLY:
            self.end()

    def _take(self, line: bytes) -> None:
        if not self._asked() or line[:3] not in _CODES:
            self.end()
            return
        self._texts.append(line[4:].strip())
        if line[3:4] in _ENDS_A_REPLY:
            words = b" ".join(self._texts).decode("utf-8", "replace")
            self._texts = []
            self.replies.append(Reply(int(line[:3]), words))
            if len(self.replies) == self._wanted or self.replies[-1].code == NOT_AVAILABLE:
                self._settle()

    def _asked(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _settle(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def eof_received(self) -> None:
        """Break the connection too: closing it would first send what is still to be written."""
        self.end()

    def connection_lost(self, error: Exception | None) -> None:
        """Let whoever waits know."""
        del error
        self._open = False
        self._settle()

    def pause_writing(self) -> None:
        """There are bytes that have not left."""
        self._blocked = True

    def resume_writing(self) -> None:
        """All have left."""
        self._blocked = False
        self.written = self._open
