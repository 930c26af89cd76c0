"""The published contract, held against the code that it speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import orjson
import pytest
from lxml import etree
from typer.testing import CliRunner

from tests.contacts import NOW, delivery
from tests.facts import register
from tests.known import known
from tests.registering import ANNOUNCER, SOURCE
from tests.registrations import accepted, refused, registration, unreadable
from tests.unit.test_contract_schema import VALIDATOR, keeps_to_the_schema
from worker import delivery_status
from worker.authentication import Authentication
from worker.claims import Expected
from worker.cli import app
from worker.contract.files import FILES
from worker.contract.properties import TRACE
from worker.contract.remedies import REMEDIES, table, table_of_acts
from worker.contract.text_examples import KLANTCONTACT, REGISTRATIE
from worker.domain.register import Zaak
from worker.envelope import Delivery
from worker.errors import Code, Refusal
from worker.finishing import Finished
from worker.formats import ZAAK_BIJGEWERKT, decode
from worker.formats.content import parse_klantcontact
from worker.formats.xml_elements import NAMESPACE
from worker.formats.xsd import xsd
from worker.outcomes import AFGEWEZEN, GEREGISTREERD, Announcer
from worker.rabbitmq import topology
from worker.rabbitmq.offers import Offers
from worker.register import parse_fact
from worker.returned import Bounce, judge, matched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.envelope import Envelope
    from worker.outcomes import Announcement
    from worker.rabbitmq.publishing import Publication, Publisher

Json = dict[str, Any]
DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT: Json = orjson.loads(FILES["asyncapi.json"]())
MESSAGES: dict[str, Json] = DOCUMENT["components"]["messages"]
REGISTRATIES = [name for name in MESSAGES if name.startswith(("registratie", "klantcontactXml"))]
ZAKEN = [name for name in MESSAGES if name.startswith("zaak")]
MOST = 1024 * 1024


@pytest.mark.parametrize("name", FILES)
def test_the_file_in_docs_is_what_the_code_writes(name: str) -> None:
    assert (DOCS / "contract" / name).read_text(encoding="utf-8") == FILES[name]()
    assert f"[{name}]({name})" in (DOCS / "contract/README.md").read_text(encoding="utf-8")


def test_there_is_no_file_in_docs_that_nothing_writes() -> None:
    found = {each.name for each in (DOCS / "contract").iterdir()}
    assert found == {*FILES, "README.md"}


@pytest.mark.parametrize(
    ("command", "name"), [*zip(("asyncapi", "json-schema", "xsd"), FILES, strict=True)]
)
def test_the_command_prints_the_file_and_nothing_else(command: str, name: str) -> None:
    printed = CliRunner().invoke(app, ["contract", command])
    assert (printed.exit_code, printed.stdout, printed.stderr) == (0, FILES[name](), "")


def test_the_table_of_remedies_in_docs_is_what_the_code_has() -> None:
    assert set(REMEDIES) == set(Code)
    assert table_of_acts() in (DOCS / "dead-letters.md").read_text(encoding="utf-8")


def _examples(*names: str) -> list[Any]:
    return [
        pytest.param(name, example, id=f"{name}-{example['name']}")
        for name in names or MESSAGES
        for example in MESSAGES[name]["examples"]
    ]


def _valid(schema: Json, value: object) -> bool:
    whole = {**schema, "components": DOCUMENT["components"]}
    return bool(VALIDATOR(whole).is_valid(value))


def _properties(message: str, example: Json) -> Json:
    properties: Json = MESSAGES[message]["x-amqp-properties"]["examples"][example["name"]]
    return properties


def test_every_message_has_examples_and_each_has_its_properties() -> None:
    for message in MESSAGES.values():
        names = [each["name"] for each in message["examples"]]
        assert names
        assert names == list(message["x-amqp-properties"]["examples"])


@pytest.mark.parametrize(("name", "example"), _examples())
def test_every_example_keeps_to_its_schemas(name: str, example: Json) -> None:
    message = MESSAGES[name]
    assert _valid(message["payload"], example["payload"])
    assert _valid(message["headers"], example["headers"])
    properties = _properties(name, example)
    assert _valid(message["x-amqp-properties"]["schema"], properties)
    assert properties["content_type"] == message["contentType"]


def _delivered(name: str, example: Json, headers: Mapping[str, object] | None = None) -> Delivery:
    payload = example["payload"]
    properties = {**_properties(name, example)}
    properties.pop("delivery_mode")
    if "timestamp" in properties:
        properties["timestamp"] = datetime.fromtimestamp(properties["timestamp"], UTC)
    return Delivery(
        payload.encode() if isinstance(payload, str) else orjson.dumps(payload),
        "klantcontact.registratie.callcenter",
        headers=example["headers"] if headers is None else headers,
        **properties,
    )


def _read(name: str, example: Json) -> Envelope:
    return decode(_delivered(name, example), NOW, MOST)


@pytest.mark.parametrize(("name", "example"), _examples(*REGISTRATIES))
def test_every_example_of_a_klantcontact_is_one_to_the_decoder(name: str, example: Json) -> None:
    envelope = _read(name, example)
    assert envelope.applicatie == "callcenter"
    assert envelope.time == datetime(2026, 1, 5, 9, 36, tzinfo=UTC)
    assert parse_klantcontact(envelope.data).zaak == "ZAAK-2026-0000001"


def test_the_same_klantcontact_is_the_same_content_in_each_format() -> None:
    chosen = [
        (name, each)
        for name in REGISTRATIES
        for each in MESSAGES[name]["examples"]
        if each["name"] in {"short", "bare"}
    ]
    digests = {parse_klantcontact(_read(*each).data).digest() for each in chosen}
    assert (len(chosen), len(digests)) == (4, 1)


@pytest.mark.parametrize(("name", "example"), _examples(*ZAKEN))
def test_every_example_of_a_zaak_is_one_to_the_decoder(name: str, example: Json) -> None:
    envelope = decode(_delivered(name, example), NOW, MOST, ZAAK_BIJGEWERKT)
    assert isinstance(parse_fact(envelope.data), Zaak)


def test_the_example_of_a_report_says_that_the_mail_of_the_other_example_came_back() -> None:
    (mail,), (example,) = MESSAGES["mail"]["examples"], MESSAGES["bounce"]["examples"]
    assert example["headers"]["ontvanger"] == mail["headers"]["afzender"]
    for headers in ({**example["headers"]}, dict[str, object]()):
        watched = _Watched(headers)
        delivered = _delivered("bounce", example, watched)
        bounce = matched(delivered, delivery_status.read(delivered.body))
        assert isinstance(bounce, Bounce)
        assert str(bounce.mail) == _properties("mail", mail)["message_id"]
        assert judge(bounce, mail["headers"]["ontvanger"]).undeliverable
        assert watched.asked == MESSAGES["bounce"]["headers"]["properties"].keys() - TRACE


def test_a_mail_that_failed_is_told_as_the_example_is() -> None:
    (example,) = MESSAGES["mailMislukt"]["examples"]
    for toestand in ("mislukt", "onzeker"):
        event = ANNOUNCER.mail_failed(UUID(int=1), "ZAAK-1", toestand, NOW)
        content = orjson.loads(event.content)
        assert keeps_to_the_schema(content, "MailMislukt")
        assert _shape(content) == _shape(example["payload"])
        assert content["subject"] == str(UUID(int=1))
        assert ("klantcontact.gebeurtenis", event.type) in _addresses("mailMislukt")


@pytest.mark.parametrize(
    "text",
    [REGISTRATIE, KLANTCONTACT.replace("<Klantcontact>", f'<Klantcontact xmlns="{NAMESPACE}">')],
    ids=["registratie", "klantcontact"],
)
def test_every_example_in_xml_keeps_to_the_xsd(text: str) -> None:
    etree.XMLSchema(etree.fromstring(xsd().encode())).assertValid(etree.fromstring(text.encode()))


def test_every_code_has_a_problem_and_an_example_that_leads_with_it() -> None:
    told = {each["name"]: each["payload"] for each in MESSAGES["klantcontactAfgewezen"]["examples"]}
    assert list(told) == [*Code, "more-reasons"]
    for code in Code:
        problem = told[code]["data"]["probleem"]
        (reason,) = problem["errors"]
        described = DOCUMENT["components"]["x-problems"][code]
        assert reason["code"] == code
        assert {name: problem[name] for name in ("type", "title", "status")} == {
            name: described[name] for name in ("type", "title", "status")
        }
        assert f"| `{code}` | {described['wrong']} | {described['helps']} |" in table()
    assert len(told["more-reasons"]["data"]["probleem"]["errors"]) == 2
    assert set(DOCUMENT["components"]["x-problems"]) == set(Code)


def _shape(value: object) -> object:
    """Names and the kinds of their values, without the values."""
    match value:
        case dict():
            return {name: _shape(each) for name, each in value.items()}
        case list():
            return [_shape(each) for each in value[:1]]
        case _:
            return type(value)


ASKED = {"reply_to": "antwoord.callcenter.1", "correlation_id": "c-1"}


def _told() -> Iterator[tuple[str, Announcement]]:
    """What the program says of outcomes, as events and as replies."""
    announcer, asked = Announcer(SOURCE), registration("een")
    said = announcer.registered(accepted(asked, known(*register())), NOW)
    said += announcer.refused(refused(asked), UUID(int=9), NOW)
    nameless = unreadable(delivery(b"{", message_id=None, **ASKED))
    said += announcer.refused(nameless, UUID(int=9), NOW)
    names = {GEREGISTREERD: "klantcontactGeregistreerd", AFGEWEZEN: "klantcontactAfgewezen"}
    for each in said:
        yield names[each.type], each


def test_what_the_program_says_keeps_to_the_schema_and_looks_like_the_examples() -> None:
    for name, announced in _told():
        content = orjson.loads(announced.content)
        assert keeps_to_the_schema(content, f"{name[0].upper()}{name[1:]}")
        shapes = [_shape(each["payload"]) for each in MESSAGES[name]["examples"]]
        if content["data"]["bericht"]["id"]:
            assert _shape(content) in shapes


class _Noted:
    """A publisher that notes what it is given."""

    def __init__(self) -> None:
        self.publications: list[Publication] = []

    async def publish(self, publications: list[Publication]) -> list[bool]:
        self.publications += publications
        return [True] * len(publications)


async def test_what_the_program_publishes_is_described_with_its_properties_and_channel() -> None:
    noted = _Noted()
    mail = Finished(UUID(int=1), "anna@example.nl", b"", None)
    told = list(_told())
    await Offers(cast("Publisher", noted), "noreply@example.nl").offer(
        [mail, *(each for _, each in told)]
    )
    for name, sent in zip(["mail", *(name for name, _ in told)], noted.publications, strict=True):
        message = MESSAGES[name]
        properties = {
            "content_type": sent.content_type,
            "type": sent.type,
            "message_id": sent.message_id,
            "delivery_mode": 2,
            **({"correlation_id": sent.correlation_id} if sent.correlation_id else {}),
        }
        schema = message["x-amqp-properties"]["schema"]
        assert _valid({**schema, "additionalProperties": False}, properties)
        assert sent.headers.keys() == message["headers"]["properties"].keys() - TRACE
        assert (sent.exchange, sent.routing_key) in _addresses(name)


def _addresses(message: str) -> list[tuple[str, str]]:
    """(exchange, routing key) of each channel that has the message."""
    return [
        (
            channel["bindings"]["amqp"]["exchange"]["name"],
            channel["address"] or ASKED["reply_to"],
        )
        for channel in DOCUMENT["channels"].values()
        if message in channel["messages"]
    ]


def test_every_exchange_queue_and_binding_of_the_broker_is_described() -> None:
    made = topology.definitions()
    channels = [(each["bindings"]["amqp"], each) for each in DOCUMENT["channels"].values()]
    exchanges = {each["exchange"]["name"]: each["exchange"]["type"] for each, _ in channels}
    assert exchanges == {"": "default"} | {each["name"]: each["type"] for each in made["exchanges"]}
    described = [
        (binding["exchange"]["name"], queue["name"], queue["routingKey"])
        for binding, channel in channels
        for queue in channel.get("x-queues", ())
    ]
    bound = [
        (each["source"], each["destination"], each["routing_key"]) for each in made["bindings"]
    ]
    assert sorted(described) == sorted(bound)
    assert {queue for _, queue, _ in described} == {each["name"] for each in made["queues"]}


def test_a_channel_is_where_its_exchange_sends_to_its_queues() -> None:
    for channel in DOCUMENT["channels"].values():
        keys = [queue["routingKey"] for queue in channel.get("x-queues", ())]
        if "parameters" in channel:
            assert channel["parameters"]["kanaal"]["enum"] == keys == list(topology.KANALEN)
        elif keys:
            assert keys == [channel["address"]]


def test_every_message_is_in_an_operation() -> None:
    operations = DOCUMENT["operations"].values()
    replies = [each["reply"] for each in operations if "reply" in each]
    used = {
        reference["$ref"].rpartition("/")[2]
        for each in (*operations, *replies)
        for reference in each["messages"]
    }
    assert used == set(MESSAGES)


class _Watched(Mapping[str, object]):
    """Headers that note which names are asked for."""

    def __init__(self, headers: Json) -> None:
        self._headers = headers
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> object:
        self.asked.add(name)
        return self._headers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)


@pytest.mark.parametrize(("name", "example"), _examples(*REGISTRATIES, *ZAKEN))
def test_every_header_that_the_program_reads_is_described(name: str, example: Json) -> None:
    watched = _Watched(example["headers"])
    kind = {"kind": ZAAK_BIJGEWERKT} if name in ZAKEN else {}
    decode(_delivered(name, example, watched), NOW, MOST, **kind)
    if name in REGISTRATIES:
        _look_for_a_token(watched)
    described = set(MESSAGES[name]["headers"]["properties"])
    # In the other messages these are absent: that is how binary mode is known.
    marks = {"cloudEvents:specversion", "cloudEvents_specversion"}
    assert {each.replace("A", "a") for each in watched.asked} - marks <= described
    assert set(example["headers"]) <= described


def _look_for_a_token(headers: _Watched) -> None:
    """Where the program looks, whether or not it finds one at the first place."""
    nothing = _Watched({})
    for each in (headers, nothing):
        with pytest.raises(Refusal):
            Authentication(Expected()).prove(each, b"")
    headers.asked |= nothing.asked


@pytest.mark.parametrize("prefix", ["cloudEvents:", "cloudEvents_"])
def test_both_prefixes_of_binary_mode_are_described_and_read(prefix: str) -> None:
    (example,) = MESSAGES["registratieCloudEventBinary"]["examples"]
    headers = {
        name.replace("cloudEvents:", prefix): value for name, value in example["headers"].items()
    }
    assert _valid(MESSAGES["registratieCloudEventBinary"]["headers"], headers)
    assert decode(_delivered("registratieCloudEventBinary", example, headers), NOW, MOST) == _read(
        "registratieCloudEventBinary", example
    )
    del headers[f"{prefix}id"]
    assert not _valid(MESSAGES["registratieCloudEventBinary"]["headers"], headers)


@pytest.mark.parametrize("name", REGISTRATIES)
def test_every_property_that_the_program_reads_is_described(name: str) -> None:
    read = set(Delivery.__slots__) - {"body", "queue", "headers", "redelivered", "unreadable"}
    schema = MESSAGES[name]["x-amqp-properties"]["schema"]
    assert set(schema["properties"]) == read | {"delivery_mode"}


@pytest.mark.parametrize(("name", "example"), _examples(*REGISTRATIES))
def test_those_properties_are_required_without_which_it_is_refused(
    name: str, example: Json
) -> None:
    schema = MESSAGES[name]["x-amqp-properties"]["schema"]
    given = _properties(name, example)
    for left_out in set(given) - {"delivery_mode"}:
        rest = {key: value for key, value in given.items() if key != left_out}
        sent = _delivered(name, example)
        try:
            decode(_without(sent, left_out), NOW, MOST)
        except Refusal:
            taken = False
        else:
            taken = True
        assert _valid(schema, rest) is taken


def _without(sent: Delivery, name: str) -> Delivery:
    nothing: dict[str, Any] = {name: None}
    return replace(sent, **nothing)
