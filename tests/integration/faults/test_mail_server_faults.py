"""A mail server that is away, slow, refuses, leaves, or hangs up, and counts what it took."""

from __future__ import annotations

import asyncio
import smtplib
from typing import TYPE_CHECKING

import pytest

from tests.faults.catalogue import CATALOGUE
from tests.faults.wires.mail_server import MailServer, Mode, serving
from tests.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.world import World

_SILENCE = 0.5


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with serving() as opened:
        yield opened


def _conversation(port: int, mails: list[str]) -> None:
    with smtplib.SMTP("127.0.0.1", port, "client.example.nl", timeout=DEADLINE) as client:
        for mail in mails:
            content = f"Subject: x\r\nMessage-ID: <{mail}@example.nl>\r\n\r\nhallo"
            client.sendmail("a@example.nl", ["b@example.nl"], content)


async def _send(server: MailServer, *mails: str) -> None:
    await asyncio.to_thread(_conversation, server.port, list(mails))


async def test_it_counts_each_mail_that_it_took_and_tells_of_it(server: MailServer) -> None:
    told: list[str] = []
    server.accepted = told.append
    await _send(server, "een", "twee")
    await _send(server, "een")
    assert server.taken == {"een": 2, "twee": 1}
    assert told == ["een", "twee", "een"]


async def test_away_it_refuses_connections_and_takes_mails_again_after(world: World) -> None:
    port = world.mail_server.port
    async with CATALOGUE["mail-server-away"](world):
        with pytest.raises(ConnectionRefusedError):
            await _send(world.mail_server, "een")
    assert world.mail_server.port == port
    await _send(world.mail_server, "een")
    assert world.mail_server.taken == {"een": 1}


async def test_away_it_breaks_the_connections_that_there_are(world: World) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.mail_server.port)
    await reader.readline()
    async with CATALOGUE["mail-server-away"](world):
        async with asyncio.timeout(DEADLINE):
            assert await reader.read() == b""
    writer.transport.abort()


@pytest.mark.parametrize(
    ("name", "codes"),
    [("mail-server-refusing", {450, 451, 452}), ("mail-server-leaving", {421})],
)
async def test_what_it_refuses_it_did_not_take(world: World, name: str, codes: set[int]) -> None:
    with pytest.raises((smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)) as refused:
        async with CATALOGUE[name](world):
            await _send(world.mail_server, "een")
    assert _code(refused.value) in codes
    assert world.mail_server.refused.total() == 1
    await _send(world.mail_server, "een")
    assert world.mail_server.taken == {"een": 1}


def _code(refused: smtplib.SMTPException) -> int:
    if isinstance(refused, smtplib.SMTPRecipientsRefused):
        return next(iter(refused.recipients.values()))[0]
    assert isinstance(refused, smtplib.SMTPResponseException)
    return refused.smtp_code


async def test_leaving_it_closes_after_its_refusal(server: MailServer) -> None:
    server.mode = Mode({"MAIL": "421 4.3.2 going down"}, takes_leave=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"EHLO a\r\nMAIL FROM:<a@example.nl>\r\n")
    async with asyncio.timeout(DEADLINE):
        assert (await reader.read()).splitlines()[-1] == b"421 4.3.2 going down"
    writer.close()


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
async def test_what_follows_a_refusal_in_the_same_group_is_refused_too(
    server: MailServer, command: str
) -> None:
    server.mode = Mode({command: "451 4.3.0 later"})
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"EHLO a\r\nMAIL FROM:<a@example.nl>\r\nRCPT TO:<b@example.nl>\r\nDATA\r\n")
    writer.write(b"QUIT\r\n")
    async with asyncio.timeout(DEADLINE):
        replies = await reader.read()
    assert b"354" not in replies
    assert server.taken == {}
    writer.close()


@pytest.mark.parametrize(("how", "taken"), [("taken", {"een": 1}), ("thrown away", {})])
async def test_hanging_up_it_took_the_mail_or_not_and_says_neither(
    server: MailServer, how: str, taken: dict[str, int]
) -> None:
    server.mode = Mode(hangs_up=how)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        await _send(server, "een")
    assert server.taken == taken
    assert server.unanswered == {"een": 1}


@pytest.mark.parametrize("name", ["mail-server-slow", "mail-server-hanging-up"])
async def test_it_is_well_again_after(world: World, name: str) -> None:
    async with CATALOGUE[name](world):
        assert world.mail_server.mode != Mode()
    await _send(world.mail_server, "een")
    assert world.mail_server.taken == {"een": 1}


async def test_slow_it_takes_its_time_and_the_mail(world: World) -> None:
    async with CATALOGUE["mail-server-slow"](world):
        sending = asyncio.create_task(_send(world.mail_server, "een"))
        done, _ = await asyncio.wait([sending], timeout=_SILENCE)
        assert not done
        await sending
    assert world.mail_server.taken == {"een": 1}
