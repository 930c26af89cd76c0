from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Unpack

import pytest

from tests.certificates import HERE, Authority
from tests.fakes import Lines
from tests.integration.smtp.conversing import CONTENT, At, conversing, job
from tests.integration.smtp.scripted_server import OK, Says, Script, scripted
from tests.integration.smtp.told_server import Told, greeting, listening
from worker.mailer import Sent
from worker.tls import Files

if TYPE_CHECKING:
    from pathlib import Path

    from worker.mailer import Answer

LOGIN = ("klantcontact", "geheim")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _trusting(authority: Authority) -> Files:
    return Files.named("KLANTCONTACT_SMTP_TLS", authority.ca, None, None)


async def _answer(port: int, lines: Lines, **at: Unpack[At]) -> Answer:
    """What becomes of a mail; never with the password on record or in the log."""
    async with conversing(port, lines=lines, **at) as conversation:
        answer = await conversation.send(job())
    assert LOGIN[1] not in str(lines.all) + answer.words
    assert "burger" not in str(lines.all)
    return answer


def _told(lines: Lines) -> tuple[str, str, int | None]:
    (line,) = lines.of("mailserver")
    return line["level"], line["reden"], line["smtp_code"]


@pytest.mark.parametrize("host", HERE)
@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_mails_go_by_tls_with_a_login_to_a_server_that_is_verified(
    authority: Authority, tls: str, host: str
) -> None:
    told, context, lines = Told(), authority.server(*HERE), Lines()
    way = {"starttls": context} if tls == "starttls" else {"context": context}
    at: At = {"tls": tls, "login": LOGIN, "host": host, "files": _trusting(authority)}
    async with listening(told, login=LOGIN, **way) as port, conversing(port, **at) as conversation:
        answers = [await conversation.send(job()) for _ in range(2)]
    assert [answer.sent for answer in answers] == [Sent.ACCEPTED] * 2, answers
    assert [envelope.original_content for envelope in told.sent] == [CONTENT] * 2
    assert (told.connections, told.logins, lines.all) == (1, 1, [])


async def test_a_server_that_offers_no_starttls_gets_no_mail_and_no_password() -> None:
    told, lines = Told(), Lines()
    async with listening(told, login=LOGIN) as port:
        answer = await _answer(port, lines, tls="starttls", login=LOGIN)
    assert (answer.sent, answer.code, told.sent, told.logins) == (Sent.LATER, None, [], 0)
    reason = "the mail server offers no STARTTLS; see to KLANTCONTACT_SMTP_TLS"
    assert (answer.words, _told(lines)) == (reason, ("error", reason, None))


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("authority", "unable to get"),
        ("name", "Hostname mismatch"),
        ("expired", "certificate has expired"),
    ],
)
async def test_a_server_that_cannot_be_verified_gets_no_mail_and_no_password(
    authority: Authority, tmp_path: Path, tls: str, wrong: str, says: str
) -> None:
    expired = Authority(tmp_path, "expired", lasts=timedelta(minutes=-1))
    by = {"authority": Authority(tmp_path, "stranger"), "expired": expired}.get(wrong, authority)
    context = by.server("elders.example.nl" if wrong == "name" else "localhost")
    files = _trusting(expired if wrong == "expired" else authority)
    way = {"starttls": context} if tls == "starttls" else {"context": context}
    told, lines = Told(), Lines()
    async with listening(told, login=LOGIN, **way) as port:
        answer = await _answer(port, lines, tls=tls, login=LOGIN, host="localhost", files=files)
    assert (answer.sent, answer.code, told.sent, told.logins) == (Sent.LATER, None, [], 0)
    level, reason, _ = _told(lines)
    assert (level, reason) == ("error", answer.words)
    assert "has a certificate that cannot be verified: " in reason
    assert says in reason
    assert "see to KLANTCONTACT_SMTP_HOST" in reason


async def test_a_server_that_speaks_no_tls_is_for_later(authority: Authority) -> None:
    lines = Lines()
    async with greeting(b"220 mail.example.nl\r\n") as port:
        answer = await _answer(port, lines, tls="tls", files=_trusting(authority))
    assert answer.sent is Sent.LATER
    assert "speaks no TLS there" in answer.words or "ends the connection" in answer.words


async def test_an_authority_that_is_missing_meanwhile_is_for_later(tmp_path: Path) -> None:
    lines = Lines()
    files = Files.named("KLANTCONTACT_SMTP_TLS", tmp_path / "weg.pem", None, None)
    answer = await _answer(1, lines, tls="tls", files=files)
    assert answer.sent is Sent.LATER
    assert "KLANTCONTACT_SMTP_TLS_CA" in answer.words
    assert _told(lines)[0] == "error"


async def test_a_login_that_is_refused_puts_the_mail_off_and_is_not_tried_by_each_mail() -> None:
    told, lines = Told(), Lines()
    wrong = ("klantcontact", "anders")
    async with (
        listening(told, login=LOGIN) as port,
        conversing(port, login=wrong, lines=lines) as conversation,
    ):
        answers = [await conversation.send(job()) for _ in range(3)]
    assert [(answer.sent, answer.code) for answer in answers] == [(Sent.LATER, 535)] * 3
    assert (told.connections, told.sent) == (1, [])
    level, reason, code = _told(lines)
    assert (level, code) == ("error", 535)
    assert "refuses the login; see to KLANTCONTACT_SMTP_USERNAME" in reason


async def test_a_login_that_cannot_be_judged_now_is_no_reason_for_alarm() -> None:
    script, lines = Script(ehlo=[Says(b"250-mail.example.nl\r\n250 AUTH PLAIN\r\n")]), Lines()
    script.auth = [Says(b"454 4.7.0 later\r\n")]
    async with scripted(script) as port:
        answer = await _answer(port, lines, login=LOGIN)
    assert (answer.sent, _told(lines)[0]) == (Sent.LATER, "warning")


async def test_a_server_without_logins_is_no_place_for_a_password() -> None:
    script, lines = Script(), Lines()
    async with scripted(script) as port:
        answer = await _answer(port, lines, login=LOGIN)
    assert (answer.sent, "mail" in script.heard) == (Sent.LATER, False)
    assert "offers no login by password" in _told(lines)[1]


async def test_a_server_that_wants_a_login_that_is_not_set_is_told_of_and_the_mail_put_off() -> (
    None
):
    told, lines = Told(), Lines()
    async with listening(told, login=LOGIN) as port:
        answer = await _answer(port, lines)
    assert (answer.sent, answer.code) == (Sent.LATER, 530)
    assert _told(lines)[0] == "error"
    assert "wants a login or TLS" in _told(lines)[1]


@pytest.mark.parametrize(
    ("words", "level"),
    [(b"421 busy\r\n", "warning"), (b"450 no\r\n", "warning"), (b"554 not you\r\n", "error")],
)
async def test_a_greeting_that_lets_nobody_in_is_told_of_and_its_words_stay_on_record(
    words: bytes, level: str
) -> None:
    lines = Lines()
    async with greeting(words) as port:
        answer = await _answer(port, lines)
    assert (answer.sent, answer.words) == (Sent.LATER, words.decode().strip())
    told = "the mail server refuses the connection"
    assert _told(lines) == (level, told, int(words[:3]))


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("127.0.0.1", "cannot be connected to (Connection refused)"),
        ("mail.invalid", "cannot be found; see to KLANTCONTACT_SMTP_HOST"),
    ],
)
async def test_a_server_that_is_not_there_is_told_of_once_and_the_mails_put_off(
    host: str, says: str
) -> None:
    lines = Lines()
    async with conversing(1, host=host, lines=lines) as conversation:
        answers = [await conversation.send(job()) for _ in range(2)]
    assert [answer.sent for answer in answers] == [Sent.LATER] * 2
    assert says in _told(lines)[1]


async def test_a_server_that_is_silent_is_told_of() -> None:
    lines = Lines()
    async with (
        scripted(Script(connect=[Says()])) as port,
        conversing(port, lines=lines, seconds=0.2) as conversation,
    ):
        answer = await conversation.send(job())
    assert answer.sent is Sent.LATER
    assert "does not answer; see to KLANTCONTACT_SMTP_HOST" in _told(lines)[1]


async def test_a_server_of_before_ehlo_takes_mails_too() -> None:
    script = Script(ehlo=[Says(b"502 what?\r\n")], helo=[OK])
    async with scripted(script) as port:
        assert (await _answer(port, Lines())).sent is Sent.ACCEPTED


async def test_the_name_that_is_set_is_given_to_the_server() -> None:
    script = Script()
    async with scripted(script) as port:
        await _answer(port, Lines(), helo="klantcontact.example.nl")
    assert script.names == ["klantcontact.example.nl"]
