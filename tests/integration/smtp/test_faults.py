"""The table of faults: Postfix's `smtp-sink`, with each of its switches.

Each row is two mails to a server with a fault, and then, over the same conversation, those that
are to come later once more to one without: none is lost, none is sent twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.smtp.conversing import conversing, job
from tests.smtp_sink import smtp_sink
from worker.mailer import Sent
from worker.stack.debian import DebianError, available
from worker.stack.looking import default_root

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    # It is the server that differs here; it is a process, which takes its time to start.
    pytest.mark.asyncio(loop_factories=["uvloop"]),
    pytest.mark.skipif(not available(), reason="no apt-get to unpack Postfix with"),
]

_SEND = ("MAIL", "RCPT", "DATA", ".")
_OPEN = ("CONNECT", "EHLO")
_LARGE = b"Subject: x\r\n\r\n" + (b"y" * 998 + b"\r\n") * 20_000

# Switches, and what both mails come to.
_ROWS = {
    "": Sent.ACCEPTED,
    "-p": Sent.ACCEPTED,
    "-e": Sent.ACCEPTED,
    "-f EHLO": Sent.ACCEPTED,
    "-f QUIT,RSET": Sent.ACCEPTED,
    **{f"-f {at}": Sent.REFUSED for at in _SEND},
    **{f"-r {at}": Sent.LATER for at in (*_OPEN, *_SEND)},
    **{f"-Q {at}": Sent.LATER for at in (*_OPEN, *_SEND)},
    **{f"-q {at}": Sent.LATER for at in (*_OPEN, *_SEND[:-1])},
    "-f CONNECT": Sent.LATER,
    "-f EHLO,HELO": Sent.LATER,
    "-q .": Sent.UNKNOWN,
}
_STALLS = {
    **{f"-p -W {at}:9": Sent.LATER for at in (*_OPEN, *_SEND[:-1])},
    "-w 9": Sent.LATER,
    "-p -W .:60": Sent.UNKNOWN,
    "-H 60": Sent.UNKNOWN,
}


async def _row(
    folder: Path, switches: str, *, seconds: float = 20, mails: int = 2, content: bytes = b"x\r\n"
) -> set[Sent]:
    """What the mails came to; those for later have then arrived, each once."""
    software = default_root() / "software"
    jobs = [job(content=content) for _ in range(mails)]
    try:
        async with (
            smtp_sink(software, folder, *switches.split()) as faulty,
            conversing(faulty.port, seconds=seconds) as conversation,
        ):
            answers = [(each, await conversation.send(each)) for each in jobs]
    except DebianError as error:
        pytest.skip(str(error))
    later = [each for each, answer in answers if answer.sent is Sent.LATER]
    async with smtp_sink(software, folder, port=faulty.port) as sound:
        async with conversing(sound.port) as conversation:
            again = [await conversation.send(each) for each in later]
        assert [answer.sent for answer in again] == [Sent.ACCEPTED] * len(later)
        assert sound.received() == len(later)
    return {answer.sent for _, answer in answers}


@pytest.mark.parametrize("switches", _ROWS)
async def test_every_mail_ends_in_the_right_state(tmp_path: Path, switches: str) -> None:
    assert await _row(tmp_path, switches) == {_ROWS[switches]}


@pytest.mark.parametrize("switches", _STALLS)
async def test_every_stall_ends_in_the_right_state(tmp_path: Path, switches: str) -> None:
    # Where the mail is to be handed over first, a busy machine gets the time for it.
    seconds = 8 if _STALLS[switches] is Sent.UNKNOWN else 0.3
    assert await _row(tmp_path, switches, seconds=seconds, mails=1) == {_STALLS[switches]}


async def test_a_server_that_stalls_within_the_content_has_no_mail(tmp_path: Path) -> None:
    row = await _row(tmp_path, "-H 9 -T 4096", seconds=1, mails=1, content=_LARGE)
    assert row == {Sent.LATER}


async def test_a_server_that_refuses_before_it_has_read_refuses(tmp_path: Path) -> None:
    assert await _row(tmp_path, "-A 1", mails=1) == {Sent.REFUSED}
