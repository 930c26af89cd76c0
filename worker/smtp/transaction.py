"""One mail over a connection: MAIL, RCPT and DATA in one write where the server allows it.

What counts as handed over is the final dot. Until it has left, the server cannot have accepted
the mail, whatever happens: it is for later. From then on a silence is unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from worker.concurrency import Deadline
from worker.domain.undeliverable import undeliverable
from worker.mailer import Answer, Sent
from worker.smtp.exchange import NOT_AVAILABLE

if TYPE_CHECKING:
    from worker.mailer import Job, Turn
    from worker.smtp.exchange import Exchange, Reply

_LATER: Final = 400
_PERMANENT: Final = 500
_DATA: Final = b"DATA\r\n"
_DOT: Final = b".\r\n"
# The first digits of a consent to MAIL, RCPT and DATA.
_CONSENT: Final = (2, 2, 3)
_RCPT: Final = 1
_WAITS_FOR_CONTENT: Final = 3
OUT_OF_SEQUENCE: Final = 503
# Said of the connection, not of this mail: the login (RFC 4954, 6), or where we are in it.
NOT_OF_THE_MAIL: Final = frozenset((OUT_OF_SEQUENCE, 530, 534, 535, 538))
_ADDRESS: Final = re.compile(r"[!-;=?-~]{1,254}")
_LONE: Final = re.compile(rb"\r\n|\r|\n")
_NOT_FOR_THE_RECORD: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONGEST_WORDS: Final = 500


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it goes over the line."""

    envelope: tuple[bytes, bytes, bytes]
    content: bytes
    """With its dots doubled (RFC 5321, 4.5.2) and the final one."""


def written(job: Job) -> Mail | None:
    """The mail of a job; None if one of its addresses cannot stand in a command."""
    if not (_ADDRESS.fullmatch(job.sender) and _ADDRESS.fullmatch(job.recipient)):
        return None
    sender, recipient = job.sender.encode("ascii"), job.recipient.encode("ascii")
    envelope = (b"MAIL FROM:<%b>\r\n" % sender, b"RCPT TO:<%b>\r\n" % recipient, _DATA)
    return Mail(envelope, _content(job.content))


def _content(content: bytes) -> bytes:
    lines = content.count(b"\r\n")
    if not lines == content.count(b"\n") == content.count(b"\r"):
        # A server that takes a lone LF for a line's end would find ends of mails within it.
        content = _LONE.sub(b"\r\n", content)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    if content.startswith(b"."):
        content = b"." + content
    return content.replace(b"\r\n.", b"\r\n..") + _DOT


@dataclass(slots=True)
class Transaction:
    """One mail over one connection; `until` is by the event loop's clock, in seconds."""

    exchange: Exchange
    mail: Mail
    turn: Turn
    until: float
    pipelining: bool
    unheard: bool = field(default=False, init=False)
    """Whether the server was gone, or took its leave, before it heard of this mail."""
    _step: int = field(default=0, init=False)
    """Which of MAIL, RCPT and DATA the first of the replies is to."""
    _consented: bool = field(default=False, init=False)
    _handing: bool = field(default=False, init=False)
    _silent: bool = field(default=False, init=False)
    _answer: Answer | None = field(default=None, init=False)

    async def run(self) -> Answer:
        """What became of it; the connection is open afterwards if it can take another mail."""
        try:
            async with Deadline.at(self.until):
                if await self._enveloped():
                    await self.turn()
                    self._handing = True
                    await self.exchange.ask(self.mail.content)
                self._answer = self._judged()
                self.unheard = not self._consented and self._farewell()
                await self._tidy(self._answer)
        except TimeoutError:
            self._silent = True
            self.exchange.end()
        except BaseException:
            self.exchange.end()
            raise
        return self._answer or self._judged()

    async def _enveloped(self) -> bool:
        """Whether the server waits for the content."""
        if self.pipelining:
            replies = await self.exchange.ask(b"".join(self.mail.envelope), len(_CONSENT))
            self._consented = tuple(reply.code // 100 for reply in replies) == _CONSENT
            return self._consented
        for self._step, consent in enumerate(_CONSENT):
            replies = await self.exchange.ask(self.mail.envelope[self._step])
            if not replies or replies[0].code // 100 != consent:
                return False
            self._consented = True
        return True

    def _farewell(self) -> bool:
        said = self.exchange.replies
        return said[0].code == NOT_AVAILABLE if said else not self.exchange.is_open

    def _judged(self) -> Answer:
        """The answer that follows from what was said so far."""
        for step, reply in enumerate(self.exchange.replies, self._step):
            if reply.code >= _LATER:
                return _refused(reply, of_the_recipient=step == _RCPT)
        if not self._handing:
            return Answer(Sent.LATER, f"{self._ending()} before the mail was handed over")
        if not self.exchange.written:
            return Answer(Sent.LATER, f"{self._ending()} while the mail was being handed over")
        for reply in self.exchange.replies:
            if reply.code // 100 == _CONSENT[0]:
                return Answer(Sent.ACCEPTED, words(reply), reply.code)
        return Answer(Sent.UNKNOWN, f"{self._ending()} after the mail was handed over")

    def _ending(self) -> str:
        if self._silent:
            return "the mail server did not answer in time"
        if self.exchange.is_open:
            return "the mail server answered out of turn"
        return "the connection ended"

    async def _tidy(self, answer: Answer) -> None:
        """Leave the connection as a next mail needs it, or end it."""
        said = self.exchange.replies
        if answer.code is None or answer.code in NOT_OF_THE_MAIL or _took_leave(said):
            self.exchange.end()
        elif self._handing:
            if not self.exchange.written:
                self.exchange.end()
        elif said[-1].code // 100 == _WAITS_FOR_CONTENT:
            # RFC 2920, 3.1: DATA was consented to though nobody is to get it. No content, so
            # that whatever the server makes of it is no mail.
            await self.exchange.ask(_DOT)
        else:
            await self._reset()

    async def _reset(self) -> None:
        """End the mail that MAIL began: another would be refused."""
        replies = await self.exchange.ask(b"RSET\r\n")
        if not replies or replies[0].code >= _LATER:
            self.exchange.end()


def _took_leave(said: list[Reply]) -> bool:
    return said[-1].code == NOT_AVAILABLE


def _refused(reply: Reply, *, of_the_recipient: bool) -> Answer:
    """Only what was said of the recipient says something about the address."""
    if reply.code < _PERMANENT or reply.code in NOT_OF_THE_MAIL:
        return Answer(Sent.LATER, words(reply), reply.code)
    code = undeliverable(None, _said(reply)) if of_the_recipient else None
    return Answer(Sent.REFUSED, words(reply), reply.code, code)


def words(reply: Reply) -> str:
    """What is put on record."""
    return _NOT_FOR_THE_RECORD.sub(" ", _said(reply))[:_LONGEST_WORDS]


def _said(reply: Reply) -> str:
    return f"{reply.code} {reply.words}"
