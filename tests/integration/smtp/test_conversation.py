from __future__ import annotations

import asyncio

import pytest

from tests.integration.smtp.conversing import CONTENT, PATIENCE, conversing, job
from tests.integration.smtp.scripted_server import OK, Says, Script, scripted
from tests.integration.smtp.told_server import Told, greeting, listening, silent
from worker.mailer import Sent


async def test_mails_go_over_one_connection_to_the_byte() -> None:
    told = Told()
    async with listening(told) as port, conversing(port) as conversation:
        answers = [await conversation.send(job(f"b{number}@example.nl")) for number in range(3)]
    assert [answer.sent for answer in answers] == [Sent.ACCEPTED] * 3
    assert [envelope.rcpt_tos for envelope in told.sent] == [
        ["b0@example.nl"],
        ["b1@example.nl"],
        ["b2@example.nl"],
    ]
    assert told.sent[0].mail_from == "noreply@example.nl"
    assert told.sent[0].original_content == CONTENT
    assert told.connections == 1


@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(
    ("says", "sent"), [("451 later", Sent.LATER), ("550 never", Sent.REFUSED)], ids=["4yz", "5yz"]
)
async def test_a_refusal_is_for_later_or_for_good_and_the_next_mail_goes_out(
    at: str, says: str, sent: Sent
) -> None:
    told = Told(once=True)
    setattr(told, at, says)
    async with listening(told) as port, conversing(port) as conversation:
        refused = await conversation.send(job())
        accepted = await conversation.send(job())
    assert (refused.sent, refused.code, refused.words) == (sent, int(says[:3]), says)
    assert accepted.sent is Sent.ACCEPTED
    assert (len(told.sent), told.connections) == (1, 1)


async def test_after_421_the_next_mail_goes_over_a_new_connection() -> None:
    told = Told(once=True, mail="421 closing")
    async with listening(told) as port, conversing(port) as conversation:
        refused = await conversation.send(job())
        accepted = await conversation.send(job())
    assert (refused.sent, accepted.sent) == (Sent.LATER, Sent.ACCEPTED)
    assert told.connections == 2


async def test_a_connection_that_ends_after_the_content_leaves_it_unknown() -> None:
    told = Told(closes=True)
    async with listening(told) as port, conversing(port) as conversation:
        answer = await conversation.send(job())
        told.closes = False
        accepted = await conversation.send(job())
    assert (answer.sent, answer.code) == (Sent.UNKNOWN, None)
    assert accepted.sent is Sent.ACCEPTED


async def test_a_server_that_falls_silent_after_the_content_leaves_it_unknown() -> None:
    for seconds in PATIENCE:
        hangs = asyncio.Event()
        told = Told(hangs=hangs)
        async with listening(told) as port, conversing(port, seconds=seconds) as conversation:
            answer = await conversation.send(job())
            hangs.set()
        if told.handed_over:
            break
    assert answer.sent is Sent.UNKNOWN


async def test_a_server_that_never_says_anything_is_for_later() -> None:
    async with silent() as port, conversing(port, seconds=0.2) as conversation:
        answer = await conversation.send(job())
    assert answer.sent is Sent.LATER


async def test_a_server_that_is_not_there_is_for_later() -> None:
    async with conversing(1) as conversation:
        answer = await conversation.send(job())
    assert (answer.sent, answer.code) == (Sent.LATER, None)


@pytest.mark.parametrize("words", [b"421 too busy\r\n", b"554 no service\r\n", b"rubbish\r\n", b""])
async def test_a_server_that_does_not_let_anybody_in_is_for_later(words: bytes) -> None:
    async with greeting(words) as port, conversing(port) as conversation:
        answer = await conversation.send(job())
    assert answer.sent is Sent.LATER


async def test_a_server_that_closed_meanwhile_is_connected_to_again() -> None:
    told = Told()
    async with listening(told) as port, conversing(port) as conversation:
        await conversation.send(job())
        told.mail = "421 closing"
        await conversation.send(job())
        told.mail = "250 OK"
        assert (await conversation.send(job())).sent is Sent.ACCEPTED


async def test_closing_twice_or_before_anything_was_sent_is_nothing() -> None:
    async with conversing(1) as conversation:
        await conversation.close()


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("at", "says", "code"),
    [
        ("rcpt", b"550 5.1.1 <b@example.nl>: User unknown\r\n", "5.1.1"),
        ("rcpt", b"550-5.1.1 no such user\r\n550 5.1.1 here\r\n", "5.1.1"),
        ("rcpt", b"550 5.7.1 <b@example.nl>: blocked\r\n", None),
        ("rcpt", b"550-5.1.1 no\r\n550 5.7.1 on our block list\r\n", None),
        ("rcpt", b"550 User unknown\r\n", None),
        ("rcpt", b"450 5.1.1 later\r\n", None),
        ("mail", b"550 5.1.1 no such user\r\n", None),
        ("data", b"550 5.1.1 no such user\r\n", None),
        ("dot", b"550 5.1.1 no such user\r\n", None),
    ],
)
async def test_only_a_refusal_of_the_recipient_says_that_the_address_does_not_exist(
    at: str, says: bytes, code: str | None, *, pipelining: bool
) -> None:
    script = Script()
    setattr(script, at, [Says(says)])
    if not pipelining:
        script.ehlo = [OK]
    async with scripted(script) as port, conversing(port) as conversation:
        answer = await conversation.send(job("b@example.nl"))
    assert answer.undeliverable == code
