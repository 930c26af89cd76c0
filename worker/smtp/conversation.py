"""One mail at a time over a connection that is kept open from mail to mail."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from worker.concurrency import Deadline
from worker.mailer import Answer, Sent
from worker.smtp.transaction import NOT_OF_THE_MAIL, Transaction, written
from worker.smtp.unserved import Unserved, silent

if TYPE_CHECKING:
    from datetime import timedelta

    from worker.mailer import Job, Turn
    from worker.smtp.server import Line, MailServer
    from worker.smtp.transaction import Mail

_GOODBYE_SECONDS: Final = 2
# Firewalls forget a connection on which nothing happens, and tell nobody.
_IDLE_SECONDS: Final = 60


async def _at_once() -> None:
    """Wait for nothing."""


class SmtpConversation:
    """Connects when there is something to send, and anew after a connection has gone."""

    def __init__(
        self, server: MailServer, deadline: timedelta, idle_seconds: float = _IDLE_SECONDS
    ) -> None:
        """`deadline` is for one mail with all that it takes, the connection included."""
        self._server = server
        self._deadline = deadline.total_seconds()
        self._idle = idle_seconds
        self._line: Line | None = None
        self._used = 0.0

    async def send(self, job: Job, turn: Turn = _at_once) -> Answer:
        """Hand over one mail, its content once `turn` has come.

        Raises nothing for what the server or the network does.
        """
        mail = written(job)
        if mail is None:
            return Answer(Sent.REFUSED, "an address cannot be written as SMTP asks")
        answer = await self._sent(mail, turn, _now() + self._deadline)
        self._used = _now()
        return answer

    async def _sent(self, mail: Mail, turn: Turn, until: float) -> Answer:
        if line := await self._kept():
            transaction = Transaction(line.exchange, mail, turn, until, line.pipelining)
            answer = await self._run(transaction)
            if not transaction.unheard:
                return answer
        # A connection that has gone, or ends with 421, says nothing of a mail that it did not
        # carry: once more, over a new one.
        try:
            async with Deadline.at(until):
                self._line = line = await self._server.connect()
        except Unserved as reason:
            return reason.answer()
        except TimeoutError:
            self._server.tell(silent())
            return silent().answer()
        return await self._run(Transaction(line.exchange, mail, turn, until, line.pipelining))

    async def _run(self, transaction: Transaction) -> Answer:
        answer = await transaction.run()
        if answer.code in NOT_OF_THE_MAIL:
            self._server.confused(answer)
        return answer

    async def _kept(self) -> Line | None:
        """The connection of the mail before, if it can be relied upon."""
        if self._line is None or not self._line.exchange.is_open:
            return None
        if _now() - self._used >= self._idle:
            await self.close()
            return None
        return self._line

    async def close(self) -> None:
        """Say goodbye if there is anybody to say it to."""
        line, self._line = self._line, None
        if line is None:
            return
        with suppress(TimeoutError):
            async with Deadline(_GOODBYE_SECONDS):
                await line.exchange.ask(b"QUIT\r\n")
        line.exchange.end()


def _now() -> float:
    return asyncio.get_running_loop().time()
