from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Unpack

import pytest

from tests.certificates import HERE, Authority
from tests.integration.smtp.conversing import CONTENT, PATIENCE, At, conversing, job
from tests.integration.smtp.scripted_server import (
    CLOSES,
    END,
    GO_ON,
    OK,
    RESETS,
    SILENCE,
    Says,
    Script,
    scripted,
)
from tests.waiting import DEADLINE, until
from worker.mailer import Sent
from worker.tls import Files

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from worker.mailer import Answer

# More than the sockets of both sides hold, so that the end of it cannot have left.
LARGE = b"Subject: x\r\n\r\n" + b"x" * 998 + b"\r\n" + (b"y" * 998 + b"\r\n") * 30_000
REFUSES = Says(b"550 5.7.1 never\r\n")
DELAYS = Says(b"450 4.2.0 later\r\n")
LEAVES = Says(b"421 4.3.2 goodbye\r\n", closes=True)
BAD_SEQUENCE = Says(b"503 5.5.1 bad sequence\r\n")
ONE_BY_ONE = Says(b"250 mail.example.nl\r\n")


def _script(**answers: list[Says]) -> Script:
    script = Script()
    for command, says in answers.items():
        setattr(script, command, says)
    return script


async def _sent(script: Script, *, seconds: float = 20, content: bytes = CONTENT) -> Answer:
    async with scripted(script) as port, conversing(port, seconds=seconds) as conversation:
        return await conversation.send(job(content=content))


async def _two(script: Script) -> list[Answer]:
    async with scripted(script) as port, conversing(port) as conversation:
        return [await conversation.send(job()) for _ in range(2)]


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("ehlo", [[ONE_BY_ONE], None], ids=["one-by-one", "pipelined"])
@pytest.mark.parametrize(
    "case",
    [
        (DELAYS, 450, Sent.LATER, Sent.LATER),
        (REFUSES, 550, Sent.REFUSED, Sent.REFUSED),
        (LEAVES, 421, Sent.LATER, Sent.LATER),
        (BAD_SEQUENCE, 503, Sent.LATER, Sent.LATER),
        (Says(b"530 5.7.0 authenticate first\r\n"), 530, Sent.LATER, Sent.LATER),
        (Says(b"550 never\r\n", closes=True), 550, Sent.REFUSED, Sent.REFUSED),
        (Says(b"550-ne\xffver,\r\n550 \x00never\r\n"), 550, Sent.REFUSED, Sent.REFUSED),
        (CLOSES, None, Sent.LATER, Sent.UNKNOWN),
        (RESETS, None, Sent.LATER, Sent.UNKNOWN),
        (Says(b"rubbish\r\n"), None, Sent.LATER, Sent.UNKNOWN),
        (Says(b"999 rubbish\r\n"), None, Sent.LATER, Sent.UNKNOWN),
        (Says(b"250" + b"-x" * 40_000), None, Sent.LATER, Sent.UNKNOWN),
        (Says(b"354 go on\r\n"), None, Sent.LATER, Sent.UNKNOWN),
    ],
    ids=[
        "later", "never", "421", "503", "530", "never-and-closes", "no-text", "closes", "resets",
        "rubbish", "no-code", "endless", "out-of-turn",
    ],
)  # fmt: skip
async def test_whatever_follows_on_a_command_the_mail_is_in_the_right_state(
    step: str, ehlo: list[Says] | None, case: tuple[Says, int | None, Sent, Sent]
) -> None:
    says, code, before, after = case
    script = Script(ehlo=ehlo) if ehlo else Script()
    out_of_turn = step == "data" and says.words.startswith(b"354")
    setattr(script, step, [OK if out_of_turn else says])
    answer = await _sent(script)
    assert (answer.sent, answer.code) == (after if step == "dot" else before, code)
    assert "\x00" not in answer.words
    answer.words.encode()


@pytest.mark.parametrize("step", ["connect", "ehlo", "mail", "rcpt", "data"])
async def test_a_silence_before_the_content_is_for_later(step: str) -> None:
    script = Script()
    setattr(script, step, [SILENCE])
    answer = await _sent(script, seconds=0.2)
    assert (answer.sent, answer.code, script.contents) == (Sent.LATER, None, [])


async def test_a_silence_after_the_content_is_unknown() -> None:
    for seconds in PATIENCE:
        script = Script(dot=[SILENCE])
        answer = await _sent(script, seconds=seconds)
        if script.contents:
            break
    assert (answer.sent, len(script.contents)) == (Sent.UNKNOWN, 1)
    assert answer.words == "the mail server did not answer in time after the mail was handed over"


async def _torn(script: Script, context: ssl.SSLContext | None = None, **at: Unpack[At]) -> Answer:
    """What becomes of a mail that the server reads the beginning of."""
    async with scripted(script, context) as port, conversing(port, **at) as conversation:
        answer = await conversation.send(job(content=LARGE))
        script.goes_on.set()
        await script.ended.wait()
    assert script.rest != END
    return answer


TEARS = pytest.mark.parametrize(
    ("says", "sent"),
    [
        (CLOSES, Sent.LATER),
        (RESETS, Sent.LATER),
        (LEAVES, Sent.LATER),
        (REFUSES, Sent.REFUSED),
        (OK, Sent.LATER),
    ],
    ids=["closes", "resets", "421", "refuses", "accepts-what-it-has-not"],
)


@TEARS
async def test_a_mail_whose_end_has_not_left_was_not_accepted_and_its_end_never_leaves(
    says: Says, sent: Sent
) -> None:
    assert (await _torn(Script(reads=100_000, dot=[says]))).sent is sent


@TEARS
async def test_the_same_by_tls(says: Says, sent: Sent, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = Files.named("CA", authority.ca, None, None)
    script = Script(reads=100_000, dot=[says])
    answer = await _torn(script, authority.server(*HERE), tls="tls", files=files)
    assert answer.sent is sent


async def test_a_server_that_stops_reading_cannot_have_accepted() -> None:
    for seconds in PATIENCE:
        script = Script(reads=100_000, dot=[SILENCE])
        async with scripted(script) as port, conversing(port, seconds=seconds) as conversation:
            answer = await conversation.send(job(content=LARGE))
            script.goes_on.set()
            await script.ended.wait()
        if "dot" in script.heard:
            break
    assert answer.sent is Sent.LATER
    assert answer.words.endswith("while the mail was being handed over")
    assert script.rest != END


async def test_a_mail_that_is_large_arrives_whole() -> None:
    content = b"Subject: x\r\n\r\n" + (b"." * 70 + b"\r\n") * 10_000
    script = Script()
    answer = await _sent(script, content=content)
    assert answer.sent is Sent.ACCEPTED
    assert script.contents == [content.replace(b"\r\n.", b"\r\n..") + b".\r\n"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b".\r\n", b"..\r\n.\r\n"),
        (b"..x\r\n", b"...x\r\n.\r\n"),
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\n.\nMAIL FROM:<x>\r.\rb", b"a\r\n..\r\nMAIL FROM:<x>\r\n..\r\nb\r\n.\r\n"),
        (b"", b"\r\n.\r\n"),
    ],
)
async def test_no_content_can_end_its_mail_early(content: bytes, line: bytes) -> None:
    script = Script()
    assert (await _sent(script, content=content)).sent is Sent.ACCEPTED
    assert script.contents == [line]


@pytest.mark.parametrize(
    "address", ["", "x> BODY=8BITMIME", "x@example.nl\r\nRSET", "jos\xe9@example.nl", "x" * 255]
)
async def test_an_address_that_could_become_another_command_is_refused_unsent(address: str) -> None:
    script = Script()
    async with scripted(script) as port, conversing(port) as conversation:
        answer = await conversation.send(job(address))
    assert (answer.sent, answer.code, script.heard) == (Sent.REFUSED, None, [])
    assert address == "" or address not in answer.words


async def test_a_mail_takes_two_turns_where_commands_may_be_sent_in_groups() -> None:
    """The server hears DATA before it has answered MAIL."""
    script = Script()
    assert [answer.sent for answer in await _two(script)] == [Sent.ACCEPTED] * 2
    assert script.heard.count("connect") == 1
    assert "rset" not in script.heard


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
async def test_after_a_refusal_in_a_group_the_next_mail_goes_over_the_same_connection(
    step: str,
) -> None:
    script = _script(**{step: [REFUSES, GO_ON if step == "data" else OK]})
    # A server that consents to DATA though it refused who it is from or for.
    refused, accepted = await _two(script)
    assert (refused.sent, refused.code, accepted.sent) == (Sent.REFUSED, 550, Sent.ACCEPTED)
    assert script.heard.count("connect") == 1
    if step == "data":
        assert "rset" in script.heard
    else:
        assert script.contents[0] == b".\r\n"


async def test_an_empty_mail_that_a_server_accepts_is_none_of_ours() -> None:
    script = Script(rcpt=[REFUSES], dot=[OK])
    answer = await _sent(script)
    assert (answer.sent, answer.code) == (Sent.REFUSED, 550)


async def test_a_server_that_refuses_to_forget_a_mail_is_left() -> None:
    script = Script(data=[REFUSES, GO_ON], rset=[Says(b"500 what?\r\n")])
    assert [answer.sent for answer in await _two(script)] == [Sent.REFUSED, Sent.ACCEPTED]
    assert script.heard.count("connect") == 2


async def test_what_was_refused_stays_refused_when_the_server_falls_silent_then() -> None:
    for silent, answers in (
        ("data", {"rcpt": [REFUSES], "data": [SILENCE]}),
        ("rset", {"data": [REFUSES], "rset": [SILENCE]}),
    ):
        for seconds in PATIENCE:
            script = _script(**answers)
            answer = await _sent(script, seconds=seconds)
            if silent in script.heard:
                break
        assert (answer.sent, answer.code) == (Sent.REFUSED, 550)


@pytest.mark.parametrize(
    "goodbye",
    [
        {"dot": [Says(b"250 Ok\r\n", closes=True), OK]},
        {"dot": [Says(b"250 Ok\r\n421 4.4.2 timeout\r\n"), OK]},
        {"dot": [Says(b"250 Ok\r\n", resets=True), OK]},
        {"mail": [OK, CLOSES, OK]},
        {"mail": [OK, RESETS, OK]},
        {"mail": [OK, LEAVES, OK]},
    ],
    ids=["closed", "421", "reset", "closes-now", "resets-now", "421-now"],
)
async def test_a_mail_is_not_put_off_because_the_connection_of_the_one_before_has_gone(
    goodbye: dict[str, list[Says]],
) -> None:
    script = _script(**goodbye)
    sent = [answer.sent for answer in await _two(script)]
    if goodbye.get("dot", [OK])[0].resets:
        # The reset may overtake the answer.
        assert sent[0] in {Sent.ACCEPTED, Sent.UNKNOWN}
    else:
        assert sent[0] is Sent.ACCEPTED
    assert (sent[1], script.heard.count("connect")) == (Sent.ACCEPTED, 2)


async def test_a_connection_that_goes_again_is_for_later() -> None:
    script = Script(mail=[OK, LEAVES])
    assert [answer.sent for answer in await _two(script)] == [Sent.ACCEPTED, Sent.LATER]
    assert script.heard.count("connect") == 2


async def test_a_connection_that_was_long_idle_is_not_relied_upon() -> None:
    script = Script()
    async with scripted(script) as port, conversing(port, idle=0) as conversation:
        sent = [(await conversation.send(job())).sent for _ in range(2)]
    assert sent == [Sent.ACCEPTED] * 2
    assert script.heard.count("connect") == 2
    assert "quit" in script.heard


async def test_a_server_that_loses_its_place_in_a_group_gets_one_command_at_a_time() -> None:
    script = Script(mail=[BAD_SEQUENCE, OK], data=[BAD_SEQUENCE, GO_ON])
    confused, accepted = await _two(script)
    assert (confused.sent, accepted.sent) == (Sent.LATER, Sent.ACCEPTED)
    assert script.heard.count("connect") == 2


async def test_a_conversation_that_is_cancelled_leaves_no_connection_behind() -> None:
    script = Script(dot=[SILENCE, OK])
    async with scripted(script) as port, conversing(port) as conversation:
        sending = asyncio.create_task(conversation.send(job()))

        async def handed_over() -> bool:
            return bool(script.contents)

        await until(handed_over, "the content is handed over")
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert (await conversation.send(job())).sent is Sent.ACCEPTED
    assert script.heard.count("connect") == 2


async def test_the_content_waits_for_its_turn_and_the_envelope_does_not() -> None:
    script, asked, turn = Script(), asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        asked.set()
        await turn.wait()

    async with (
        scripted(script) as port,
        conversing(port) as conversation,
        asyncio.timeout(DEADLINE),
    ):
        sending = asyncio.create_task(conversation.send(job(), wait))
        await asked.wait()
        assert script.heard[-1].upper() == "DATA"
        assert script.contents == []
        turn.set()
        assert (await sending).sent is Sent.ACCEPTED
    assert len(script.contents) == 1
