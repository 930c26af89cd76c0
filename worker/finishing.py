"""From the facts of a mail to its bytes: templates, then the message around them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from uuid import UUID, uuid5

from worker.domain.notifications import Soort
from worker.mime import Mailbox, Message, address, build
from worker.rendering import TemplateError, Templates, header_text
from worker.return_path import envelope_sender

if TYPE_CHECKING:
    from worker.rendering import MailFacts, Rendered
    from worker.settings import Settings


# Mails about one zaak hang together, and their headers don't name it: a version 5 UUID.
_THREADS: Final = UUID("6f1c5b0e-5d0c-4b58-9d4a-3a1f0c6f8a52")


@dataclass(frozen=True, slots=True)
class Finished:
    """A mail as it will be sent.

    `address` is the recipient's in the form that SMTP takes. `template` is the digest of the
    templates that the mail was made from; None for one that was made before.
    """

    mail: UUID
    address: str
    content: bytes
    template: str | None
    traces: tuple[str, ...] = ()
    """The contexts of what it tells of (see `spans`)."""


class Finisher:
    """Writes mails in the name of the municipality; templates are checked when it is made."""

    def __init__(self, settings: Settings) -> None:
        """Raise TemplateError or HeaderError for templates or a sender that cannot be used."""
        self._sender = Mailbox(settings.mail_from_name, address("From", settings.mail_from))
        self._domain = self._sender.adres.rpartition("@")[2]
        # A token of 33 characters must fit in it.
        address("envelope sender", envelope_sender(settings.mail_bounces, UUID(int=0)))
        self._links = {
            Soort.TOEGEVOEGD: settings.portal_url,
            Soort.BEHANDELAAR: settings.zaaksysteem_url,
        }
        self._own = settings.templates
        folders = [*_own(settings), built_in()]
        self._templates = {soort: Templates(*folders, notificatie=soort.value) for soort in Soort}

    def unused(self) -> list[Path]:
        """Files in the municipality's folder from which no mail is made: misspelt, perhaps."""
        if self._own is None:
            return []
        used = {self._own / file for each in self._templates.values() for file in each.files}
        return sorted({file for file in self._own.rglob("*") if file.is_file()} - used)

    def render(self, facts: MailFacts) -> Rendered:
        """Give one mail's words; raises TemplateError."""
        link = self._links[facts.soort].replace("{zaak}", quote(facts.zaak, safe=""))
        return self._templates[facts.soort].render(facts, zaak_link=link)

    def finish(self, facts: MailFacts, frozen: bytes | None = None) -> Finished:
        """Render one mail and write it as bytes; raises TemplateError or HeaderError.

        With `frozen`, the bytes of an earlier offering, these are sent again. The address is put
        in its SMTP form here for either, and nowhere else.
        """
        recipient = address("To", facts.adres)
        if frozen is not None:
            return Finished(facts.mail, recipient, frozen, None)
        rendered = self.render(facts)
        message = Message(
            mail=facts.mail,
            domein=self._domain,
            van=self._sender,
            aan=Mailbox(header_text(facts.naam), recipient),
            onderwerp=rendered.onderwerp,
            tekst=rendered.tekst,
            html=rendered.html,
            taal=rendered.taal,
            moment=facts.moment,
            draad=uuid5(_THREADS, facts.zaak),
        )
        return Finished(facts.mail, recipient, build(message), rendered.digest)


def _own(settings: Settings) -> list[Path]:
    """The municipality's folder, if it has one; without it, theirs would be sent as ours."""
    if settings.templates is None:
        return []
    if not settings.templates.is_dir():
        raise TemplateError(f"{settings.templates}: no such folder (KLANTCONTACT_TEMPLATES)")
    return [settings.templates]


def built_in() -> Path:
    """Where the templates stand: beside the code when installed, else in the checkout."""
    installed = Path(__file__).parent / "templates"
    return installed if installed.is_dir() else installed.parent.parent / "templates"
