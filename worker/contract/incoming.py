"""The messages that the worker takes: a klantcontact in each format, a zaak, a bounce."""

from __future__ import annotations

from typing import Any, Final

from worker.contract import examples, properties, text_examples
from worker.contract.message import Message, Sample, schema
from worker.formats import REGISTREREN, ZAAK_BIJGEWERKT
from worker.outcomes import CONTENT_TYPE
from worker.return_path import envelope_sender

_JSON: Final = "application/json"
_XML: Final = ("application/xml", "text/xml")
_XML_PAYLOAD: Final = {"type": "string", "contentMediaType": _XML[0], "x-xsd": "klantcontact.xsd"}
_TOKEN: Final = {"authorization": properties.TOKEN}
_PLAIN: Final = {"message_id": "kcc-2026-0000001", "timestamp": examples.SENT}
_A_ZAAK: Final = "A zaak that runs."


def _of_a_channel(content_type: str, **others: object) -> dict[str, Any]:
    """Properties, as a channel sets them that wants to hear the outcome."""
    return {
        "user_id": "callcenter",
        "content_type": content_type,
        "delivery_mode": 2,
        "reply_to": "amq.rabbitmq.reply-to",
        "correlation_id": "1",
        **others,
    }


def _of_the_zaaksysteem(content_type: str, **others: object) -> dict[str, Any]:
    return {
        "user_id": "zaaksysteem",
        "content_type": content_type,
        "delivery_mode": 2,
        **others,
    }


def _plain_json() -> Message:
    sent = _of_a_channel(_JSON, **_PLAIN)
    return Message(
        title="A klantcontact as plain JSON",
        summary="Its id is message_id, its source urn:applicatie:<user_id>, its time timestamp.",
        payload=schema("Klantcontact"),
        headers=properties.headers(properties.AUTHORIZATION),
        properties=properties.of_a_sender([_JSON], "message_id"),
        samples={
            name: Sample(told, data, _TOKEN, sent)
            for name, (told, data) in examples.KLANTCONTACTEN.items()
        },
    )


def _structured() -> Message:
    sent = _of_a_channel(CONTENT_TYPE)
    return Message(
        title="A klantcontact as a CloudEvent in structured mode",
        summary="Its id, source and time are the event's.",
        payload=schema("KlantcontactRegistreren"),
        headers=properties.headers(properties.AUTHORIZATION),
        properties=properties.of_a_sender([CONTENT_TYPE]),
        samples={
            name: Sample(told, examples.registration_event(data), _TOKEN, sent)
            for name, (told, data) in examples.KLANTCONTACTEN.items()
        },
    )


def _binary() -> Message:
    told, data = examples.KLANTCONTACTEN["short"]
    attributes = properties.cloud_event_example(examples.registration_event(data))
    return Message(
        title="A klantcontact as a CloudEvent in binary mode",
        summary="Its id, source and time are headers, which begin with cloudEvents: or"
        " cloudEvents_ and are looked at before anything else.",
        payload=schema("Klantcontact"),
        headers=properties.cloud_event_headers(REGISTREREN, properties.AUTHORIZATION),
        properties=properties.of_a_sender([_JSON]),
        samples={"short": Sample(told, data, _TOKEN | attributes, _of_a_channel(_JSON))},
    )


def _xml() -> Message:
    sent = _of_a_channel(_XML[0])
    return Message(
        title="A klantcontact with its zaak in XML",
        summary="Root KlantcontactRegistratie, by the XSD; UTF-8, without a DOCTYPE. BerichtId,"
        " Bron and Tijdstip are id, source and time; those that are absent are as in plain JSON.",
        payload=_XML_PAYLOAD,
        headers=properties.headers(properties.AUTHORIZATION),
        properties=properties.of_a_sender(_XML),
        samples={"whole": Sample("A whole registration.", text_examples.REGISTRATIE, _TOKEN, sent)},
    )


def _bare_xml() -> Message:
    headers = _TOKEN | {"zaak": examples.ZAAK_NUMMER}
    sent = _of_a_channel(_XML[0], **_PLAIN)
    return Message(
        title="The source's own Klantcontact in XML",
        summary="Root Klantcontact, by the XSD or without any namespace (S10). Its zaak is a"
        " header; the rest is as in plain JSON.",
        payload=_XML_PAYLOAD,
        headers=properties.headers(
            properties.AUTHORIZATION | properties.ZAAK_HEADER, optional=["zaak"]
        ),
        properties=properties.of_a_sender(_XML, "message_id"),
        samples={"bare": Sample("Its five elements.", text_examples.KLANTCONTACT, headers, sent)},
    )


def _zaak_json() -> Message:
    sent = _of_the_zaaksysteem(_JSON, message_id="zaak-42", timestamp=examples.SENT)
    return Message(
        title="A zaak as plain JSON",
        summary="Its time is its field time, else timestamp, else the moment of receipt.",
        payload=schema("Zaak"),
        headers=properties.headers({}),
        properties=properties.of_a_sender([_JSON], "message_id", replies=False),
        samples={"zaak": Sample(_A_ZAAK, examples.ZAAK, {}, sent)},
    )


def _zaak_structured() -> Message:
    sent = _of_the_zaaksysteem(CONTENT_TYPE)
    return Message(
        title="A zaak as a CloudEvent in structured mode",
        summary="Its time is its field time, else the event's.",
        payload=schema("ZaakBijgewerkt"),
        headers=properties.headers({}),
        properties=properties.of_a_sender([CONTENT_TYPE], replies=False),
        samples={"zaak": Sample(_A_ZAAK, examples.zaak_event(), {}, sent)},
    )


def _zaak_binary() -> Message:
    attributes = properties.cloud_event_example(examples.zaak_event())
    return Message(
        title="A zaak as a CloudEvent in binary mode",
        summary="The attributes are headers; its time is its field time, else theirs.",
        payload=schema("Zaak"),
        headers=properties.cloud_event_headers(ZAAK_BIJGEWERKT, {}),
        properties=properties.of_a_sender([_JSON], replies=False),
        samples={"zaak": Sample(_A_ZAAK, examples.ZAAK, attributes, _of_the_zaaksysteem(_JSON))},
    )


def _report() -> Message:
    kind = text_examples.MAIL_TYPE
    sender = {"ontvanger": envelope_sender(text_examples.BOUNCES, text_examples.MAIL_ID)}
    sent = {"user_id": "mailsysteem", "content_type": kind, "delivery_mode": 2}
    return Message(
        title="A delivery status report",
        summary="The body is a whole mail as it was received (RFC 5322): a multipart/report with a"
        " delivery status (RFC 3464). Any other mail that came to such an address may be sent,"
        " too, and is passed over.",
        payload={"type": "string", "contentMediaType": kind},
        headers=properties.headers(properties.REPORTED_TO, optional=["ontvanger"]),
        properties=properties.of_a_sender([kind], replies=False),
        samples={"bounce": Sample("No such address.", text_examples.bounce(), sender, sent)},
    )


REGISTRATIES: Final = {
    "registratieJson": _plain_json(),
    "registratieCloudEvent": _structured(),
    "registratieCloudEventBinary": _binary(),
    "registratieXml": _xml(),
    "klantcontactXml": _bare_xml(),
}
ZAKEN: Final = {
    "zaakJson": _zaak_json(),
    "zaakCloudEvent": _zaak_structured(),
    "zaakCloudEventBinary": _zaak_binary(),
}
BOUNCES: Final = {"bounce": _report()}
