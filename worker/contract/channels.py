"""AsyncAPI's channels: every exchange and every queue that is on the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from worker.contract.incoming import BOUNCES, REGISTRATIES, ZAKEN
from worker.contract.message import VERSION
from worker.contract.outgoing import MAILS, OUTCOMES
from worker.outcomes import (
    AFGEWEZEN,
    DEAD_LETTERS_GROEIEN,
    GEREGISTREERD,
    MAIL_MISLUKT,
    UITGESTELD,
)
from worker.rabbitmq import topology

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.contract.models import Schema

_NO_CONTRACT: Final = "Not part of the contract: only the worker and the broker write here."


def channels() -> dict[str, Schema]:
    """`channels`, by name."""
    return {
        **_of_others(),
        **{
            name: _channel(
                topology.GEBEURTENIS,
                kind,
                "An event for whoever binds a queue of their own;"
                " what no queue takes is gone, and no failure.",
                [name],
            )
            for name, kind in _EVENTS.items()
        },
        "antwoord": _replies(),
        **_of_the_worker(),
    }


_EVENTS: Final = {
    "klantcontactGeregistreerd": GEREGISTREERD,
    "klantcontactAfgewezen": AFGEWEZEN,
    "klantcontactUitgesteld": UITGESTELD,
    "deadLettersGroeien": DEAD_LETTERS_GROEIEN,
    "mailMislukt": MAIL_MISLUKT,
}


def _of_others() -> dict[str, Schema]:
    registratie = _channel(
        topology.REGISTRATIE,
        "{kanaal}",
        "One channel for all kanalen, because they differ in nothing but the routing key; each has"
        " a queue of its own, so that none holds up another. A full queue refuses (reject-publish):"
        " use publisher confirms.",
        REGISTRATIES,
    )
    registratie["parameters"] = {
        "kanaal": {
            "description": "The applicatie's kanaal: the broker lets it write no other.",
            "enum": list(topology.KANALEN),
        }
    }
    zaken = _channel(
        topology.ZAKEN,
        "zaak",
        "Facts about zaken, from the zaaksysteem's user and nobody else's. What is refused becomes"
        " a dead letter; nothing is told.",
        ZAKEN,
    )
    bounce = _channel(
        topology.BOUNCE,
        "bounce",
        "Mails that came back to the envelope sender of one of the worker's, from the mail"
        " system's user. What cannot be read or matched is passed over; nothing is told.",
        BOUNCES,
    )
    return {"registratie": registratie, "zaken": zaken, "bounce": bounce}


def _replies() -> Schema:
    return {
        "address": None,
        "description": "The queue that a message's reply_to names: amq.rabbitmq.reply-to, or a"
        " queue of the sender's own, antwoord.<user>.<anything>.",
        "messages": _references(OUTCOMES),
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": "", "type": "default", "vhost": topology.VHOST},
                **VERSION,
            }
        },
    }


def _of_the_worker() -> dict[str, Schema]:
    return {
        "notificatieEmail": _channel(
            topology.NOTIFICATIE,
            "email",
            "Mails from the worker's relay to its mailers; the rows behind them are in its"
            " database.",
            MAILS,
        ),
        "hervat": _channel(
            topology.HERVAT,
            "hervat",
            f"{_NO_CONTRACT} Ids of dead letters that are to be judged anew.",
        ),
        "dlq": _channel(
            topology.DLX,
            "",
            f"{_NO_CONTRACT} What the broker itself dead-letters, for the worker's database.",
        ),
    }


def _channel(
    exchange: str, routing_key: str, description: str, messages: Iterable[str] = ()
) -> Schema:
    """A routing key of an exchange, and in `x-queues` the queues that are bound to it."""
    made = topology.definitions()
    queues = {each["name"]: each for each in made["queues"]}
    return {
        "address": routing_key,
        "description": description,
        "messages": _references(messages),
        "bindings": {"amqp": {"is": "routingKey", "exchange": _exchange(exchange), **VERSION}},
        "x-queues": [
            {
                "name": each["destination"],
                "routingKey": each["routing_key"],
                "type": queues[each["destination"]]["arguments"]["x-queue-type"],
                "durable": queues[each["destination"]]["durable"],
            }
            for each in made["bindings"]
            if each["source"] == exchange
        ],
    }


def _exchange(name: str) -> dict[str, Any]:
    (made,) = (each for each in topology.definitions()["exchanges"] if each["name"] == name)
    return {
        "name": name,
        "type": made["type"],
        "durable": made["durable"],
        "autoDelete": made["auto_delete"],
        "vhost": made["vhost"],
    }


def _references(messages: Iterable[str]) -> dict[str, Schema]:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
