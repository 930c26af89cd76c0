"""The usual way to send mail: `send_message` of an `EmailMessage`, over reused connections."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import jobs
from tests.bench.peers.sending import send_all
from tests.bench.peers.task import Task, answer

if TYPE_CHECKING:
    import aiosmtplib


async def run(task: Task) -> float:
    """The messages are made before the clock runs; writing them as bytes is part of sending."""
    ready = jobs.read(Path(task.jobs), task.messages)
    mails = [_message(job.body, dict(job.headers)) for job in ready]

    async def send(client: aiosmtplib.SMTP, mail: EmailMessage) -> object:
        return await client.send_message(mail)

    return await send_all(mails, task.smtp_port, send)


def _message(content: bytes, headers: dict[str, str]) -> EmailMessage:
    """A message of the same headers and parts, built the way programs do."""
    made = message_from_bytes(content, policy=policy.default)
    assert isinstance(made, EmailMessage)
    plain, html = made.get_body(("plain",)), made.get_body(("html",))
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    built = EmailMessage()
    for name, value in made.items():
        if not name.lower().startswith(("content-", "mime-")):
            built[name] = str(value)
    built.set_content(plain.get_content())
    built.add_alternative(html.get_content(), subtype="html")
    assert built["To"]
    assert headers["ontvanger"]
    return built


if __name__ == "__main__":
    answer(run)
