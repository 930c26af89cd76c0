"""A mail server whose answers tell whose mail it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING, Final

from tests.integration.smtp.told_server import Told
from tests.marks import mark

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

KINDS: Final = ("antwoord", "gebruiker", "wachtwoord")
LOGIN: Final = (mark("gebruiker"), mark("wachtwoord"))
_SAYS: Final = f"{mark('antwoord')}, {mark('naam')}"


@dataclass
class Gossip(Told):
    """Refuses the first mail to some, puts off that to others, and takes all else."""

    data: str = f"250 2.0.0 queued for {_SAYS}"
    refuses: set[str] = field(default_factory=set)
    puts_off: set[str] = field(default_factory=set)
    """How their addresses begin."""

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name and arguments)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        begins = address.partition("@")[0]
        if begins in self.refuses:
            self.refuses.remove(begins)
            return f"550 5.1.1 <{address}>: no such user {_SAYS}"
        if begins in self.puts_off:
            self.puts_off.remove(begins)
            return f"450 4.2.0 <{address}>: not now, {_SAYS}"
        return await super().handle_RCPT(server, session, envelope, address, options)

    def mails(self) -> str:
        """All that it took, as their readers see them."""
        return "\n".join(_read(each) for each in self.sent)


def _read(envelope: Envelope) -> str:
    assert isinstance(envelope.content, bytes)
    mail = BytesParser(policy=policy.default).parsebytes(envelope.content)
    body = mail.get_body(("plain",))
    assert body is not None
    return f"{mail['To']} {mail['Subject']}\n{body.get_content()}"
