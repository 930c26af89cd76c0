"""The messages that the worker sends: outcomes, and mails that are ready to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from worker.contract import examples, properties, text_examples
from worker.contract.message import Message, Sample, schema
from worker.outcomes import (
    AFGEWEZEN,
    CONTENT_TYPE,
    DEAD_LETTERS_GROEIEN,
    GEREGISTREERD,
    MAIL_MISLUKT,
    UITGESTELD,
)
from worker.rabbitmq.offers import MAIL_VERZENDEN
from worker.return_path import envelope_sender

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAIL: Final = text_examples.MAIL_TYPE


def _outcome(
    title: str, kind: str, payload: str, told: Mapping[str, tuple[str, dict[str, Any]]]
) -> Message:
    return Message(
        title=title,
        summary="The same as an event for everybody, and as a reply to whoever asked for one.",
        payload=schema(payload),
        headers=properties.headers({}),
        properties=properties.of_the_worker(CONTENT_TYPE, kind, reply=True),
        samples={
            name: Sample(summary, event, {}, _sent(CONTENT_TYPE, kind, event["id"]))
            for name, (summary, event) in told.items()
        },
        binding={"messageType": kind},
    )


def _growth() -> Message:
    told = examples.growing()
    sent = _sent(CONTENT_TYPE, DEAD_LETTERS_GROEIEN, told["id"])
    return Message(
        title="A group of dead letters grows",
        summary="For whoever looks after them; at most once an hour for each group.",
        payload=schema("DeadLettersGroeien"),
        headers=properties.headers({}),
        properties=properties.of_the_worker(CONTENT_TYPE, DEAD_LETTERS_GROEIEN),
        samples={"groeien": Sample("Of one code, queue and field.", told, {}, sent)},
        binding={"messageType": DEAD_LETTERS_GROEIEN},
    )


def _mail_failed() -> Message:
    told = examples.mail_failed()
    sent = _sent(CONTENT_TYPE, MAIL_MISLUKT, told["id"])
    return Message(
        title="A mail did not arrive, or may not have",
        summary="For whoever looks after the mails: it is a dead letter mail-mislukt.",
        payload=schema("MailMislukt"),
        headers=properties.headers({}),
        properties=properties.of_the_worker(CONTENT_TYPE, MAIL_MISLUKT),
        samples={"mislukt": Sample("It was refused, or came back.", told, {}, sent)},
        binding={"messageType": MAIL_MISLUKT},
    )


def _mail() -> Message:
    sender = envelope_sender(text_examples.BOUNCES, text_examples.MAIL_ID)
    envelope = {"afzender": sender, "ontvanger": "anna@example.nl"}
    sent = _sent(_MAIL, MAIL_VERZENDEN, str(text_examples.MAIL_ID))
    return Message(
        title="A mail that is ready to be sent",
        summary="The body goes to the mail server as it stands (RFC 5322).",
        payload={"type": "string", "contentMediaType": _MAIL},
        headers=properties.headers(properties.SMTP_ENVELOPE),
        properties=properties.of_the_worker(_MAIL, MAIL_VERZENDEN),
        samples={"mail": Sample("In two parts.", text_examples.mail(), envelope, sent)},
        binding={"messageType": MAIL_VERZENDEN},
    )


def _sent(content_type: str, kind: str, message_id: str) -> dict[str, Any]:
    return {
        "content_type": content_type,
        "type": kind,
        "message_id": message_id,
        "delivery_mode": 2,
    }


OUTCOMES: Final = {
    "klantcontactGeregistreerd": _outcome(
        "A message became a klantcontact",
        GEREGISTREERD,
        "KlantcontactGeregistreerd",
        {"geregistreerd": ("It is in the dossier of its zaak.", examples.registered())},
    ),
    "klantcontactAfgewezen": _outcome(
        "A message was refused", AFGEWEZEN, "KlantcontactAfgewezen", examples.refused()
    ),
    "klantcontactUitgesteld": _outcome(
        "A message waits for its zaak, or for the key of its token",
        UITGESTELD,
        "KlantcontactUitgesteld",
        examples.put_off(),
    ),
}
EVENTS: Final = {
    **OUTCOMES,
    "deadLettersGroeien": _growth(),
    "mailMislukt": _mail_failed(),
}
MAILS: Final = {"mail": _mail()}
