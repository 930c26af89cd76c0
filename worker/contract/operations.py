"""AsyncAPI's operations: what the worker does, seen from the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from worker.contract.incoming import BOUNCES, REGISTRATIES, ZAKEN
from worker.contract.message import VERSION
from worker.contract.outgoing import MAILS, OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.contract.models import Schema

_TAKEN: Final = {"ack": True, **VERSION}
_PERSISTENT: Final = {"deliveryMode": 2, **VERSION}


def operations() -> dict[str, Schema]:
    """`operations`, by name."""
    return {
        "klantcontactRegistreren": {
            **_operation("receive", "registratie", REGISTRATIES, _TAKEN),
            "summary": "Register a klantcontact, or refuse it with every reason.",
            "security": [{"$ref": "#/components/securitySchemes/token"}],
            "reply": {
                "address": {
                    "description": "AMQP's property reply_to: AsyncAPI's expressions know no"
                    " properties. Without it, or with anybody else's queue, there is no reply.",
                    "location": "$message.header#/reply_to",
                },
                "channel": {"$ref": "#/channels/antwoord"},
                "messages": _within("antwoord", OUTCOMES),
            },
        },
        "zaakBijwerken": {
            **_operation("receive", "zaken", ZAKEN, _TAKEN),
            "summary": "Take the facts of a zaak; the newest time wins.",
        },
        "bounceVerwerken": {
            **_operation("receive", "bounce", BOUNCES, _TAKEN),
            "summary": "Put on record that a mail came back, or is late.",
        },
        "klantcontactGeregistreerdMelden": {
            **_event("klantcontactGeregistreerd"),
            "summary": "Tell that a message became a klantcontact.",
        },
        "klantcontactAfgewezenMelden": {
            **_event("klantcontactAfgewezen"),
            "summary": "Tell that a message was refused.",
        },
        "klantcontactUitgesteldMelden": {
            **_event("klantcontactUitgesteld"),
            "summary": "Tell that a message waits for its zaak, or for the key of its token.",
        },
        "deadLettersGroeienMelden": {
            **_event("deadLettersGroeien"),
            "summary": "Tell that a group of dead letters grows.",
        },
        "mailMisluktMelden": {
            **_event("mailMislukt"),
            "summary": "Tell that a mail did not arrive, or may not have.",
        },
        "mailAanbieden": {
            **_operation("send", "notificatieEmail", MAILS, {"mandatory": True, **_PERSISTENT}),
            "summary": "Offer a mail to the mailers (the relay).",
        },
        "mailVerzenden": {
            **_operation("receive", "notificatieEmail", MAILS, _TAKEN),
            "summary": "Send a mail (the mailer); one that was sent already is passed over.",
        },
    }


def _event(name: str) -> Schema:
    return _operation("send", name, [name], {"mandatory": False, **_PERSISTENT})


def _operation(
    action: str, channel: str, messages: Iterable[str], binding: dict[str, Any]
) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": _within(channel, messages),
        "bindings": {"amqp": binding},
    }


def _within(channel: str, messages: Iterable[str]) -> list[Schema]:
    return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages]
