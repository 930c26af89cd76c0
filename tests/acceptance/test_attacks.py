"""What somebody who means ill can send: each refused with its code, and nothing else stored."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aio_pika.exceptions import ChannelClosed, ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused
from joserfc.jwk import RSAKey

from tests import tokens
from tests.contacts import ZAAK, body, contact, opvoerder
from tests.facts import applicatie, autorisatie, fill, register, zaak
from tests.waiting import until
from worker.authentication import body_digest
from worker.errors import Code
from worker.formats import REGISTREREN
from worker.rabbitmq import topology

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]

NOW = time.time()
UNPROVEN = Code.OPVOERDER_NIET_GEAUTHENTICEERD
BALIE = "balie-client"
SECRETS = {**tokens.SECRETS, BALIE: {"current": "een-geheim-van-de-balie-van-meer-dan-32-bytes"}}
IDP = RSAKey.generate_key(2048, {"kid": "idp"})
KEY_SET = {"keys": [tokens.PROVIDER.as_dict(private=False), IDP.as_dict(private=False)]}


@dataclass(frozen=True, slots=True)
class Attack:
    """One message of the call center's user, refused for `code` at `at`."""

    name: str
    code: Code
    at: str | None
    content: bytes = b""
    properties: dict[str, Any] = field(default_factory=dict)


def attack(
    name: str, code: Code, at: str | None, content: bytes | None = None, **properties: object
) -> Attack:
    given = {"message_id": name, **properties}
    return Attack(name, code, at, body() if content is None else content, given)


def with_token(
    name: str, token: str, at: str = "authorization", content: bytes | None = None
) -> Attack:
    bearer = {"authorization": f"Bearer {token}"}
    return attack(name, UNPROVEN, at, content, headers=bearer)


def unsigned(algorithm: str) -> str:
    claims = {"iss": "kcc", "client_id": "kcc", "iat": int(NOW), "user_id": "mdw-0042"}
    parts = [base64.urlsafe_b64encode(orjson.dumps(each)) for each in ({"alg": algorithm}, claims)]
    return b".".join([*(part.rstrip(b"=") for part in parts), b""]).decode()


TOKENS = (
    attack("no token", UNPROVEN, "authorization", headers={"authorization": None}),
    with_token("no signature", unsigned("HS256")),
    with_token("none", unsigned("none")),
    with_token("another person", tokens.zgw(issued=NOW, user_id="mdw-0001"), at="opvoerder"),
    with_token("a system's token", tokens.zgw(issued=NOW), at="opvoerder"),
    with_token(
        "another applicatie's client",
        tokens.zgw(issued=NOW, client=BALIE, secret=SECRETS[BALIE]["current"], user_id="mdw-0042"),
    ),
    with_token("expired", tokens.zgw(issued=NOW - 7200, user_id="mdw-0042")),
    with_token(
        "expired by its own word",
        tokens.zgw(issued=NOW - 600, exp=int(NOW) - 300, user_id="mdw-0042"),
    ),
    with_token("from the future", tokens.zgw(issued=NOW + 7200, user_id="mdw-0042")),
    with_token(
        "a public key as the secret",
        tokens.by_hand(
            IDP.as_pem(private=False),
            {"iss": "kcc", "client_id": "kcc", "iat": int(NOW), "user_id": "mdw-0042"},
            kid="idp",
        ),
    ),
    with_token(
        "a public key as the secret of nobody",
        tokens.by_hand(
            IDP.as_pem(private=False),
            {"iat": int(NOW), "preferred_username": "mdw-0042"},
            kid="idp",
        ),
    ),
    with_token(
        "unknown kid",
        tokens.signed(
            "RS256", IDP, {"iat": int(NOW), "preferred_username": "mdw-0042"}, kid="anders"
        ),
    ),
    with_token(
        "a key of its own",
        tokens.signed(
            "RS256",
            RSAKey.generate_key(2048),
            {"iat": int(NOW), "preferred_username": "mdw-0042"},
            kid="idp",
        ),
    ),
    with_token(
        "a citizen who is named in a shared secret's token",
        tokens.zgw(issued=NOW, sub="bsn-pseudoniem-1", user_id="bsn-pseudoniem-1"),
        at="opvoerder",
        content=body(opvoerder=opvoerder(soort="betrokkene", identificatie="bsn-pseudoniem-1")),
    ),
    with_token(
        "bound to another body",
        tokens.zgw(issued=NOW, user_id="mdw-0042", digest=body_digest(b"iets anders")),
    ),
)

DEEP = 100_000
NS = 'xmlns="http://schemas.denhaag.nl/mijnhaagsezaken/klantcontact/v1"'
LOL = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def xml(name: str, code: Code, content: bytes) -> Attack:
    return attack(name, code, None, content, content_type="application/xml")


BODIES = (
    xml(
        "entities",
        Code.ONLEESBAAR,
        f'<!DOCTYPE k [<!ENTITY l0 "lol">{LOL}]><Klantcontact {NS}>&l9;</Klantcontact>'.encode(),
    ),
    xml(
        "entities in an attribute",
        Code.ONLEESBAAR,
        f'<!DOCTYPE k [<!ENTITY l0 "lol">{LOL}]><Klantcontact {NS} a="&l9;"/>'.encode(),
    ),
    xml(
        "one entity of great length, often",
        Code.ONLEESBAAR,
        f'<!DOCTYPE k [<!ENTITY a "{"a" * 300_000}">]>'
        f"<Klantcontact {NS}>{'&a;' * 100_000}</Klantcontact>".encode(),
    ),
    xml(
        "a file of the worker's",
        Code.ONLEESBAAR,
        f'<!DOCTYPE k [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        f"<Klantcontact {NS}>&f;</Klantcontact>".encode(),
    ),
    xml(
        "an address of the worker's network",
        Code.ONLEESBAAR,
        f'<!DOCTYPE k SYSTEM "http://127.0.0.1:1/x.dtd"><Klantcontact {NS}/>'.encode(),
    ),
    xml("xml in depth", Code.ONLEESBAAR, b"<a>" * DEEP + b"</a>" * DEEP),
    xml("xml of great size", Code.TE_GROOT, b"<a>" + b" " * 8_000_000 + b"</a>"),
    xml("xml of one long name", Code.ONLEESBAAR, b"<" + b"a" * 1_000_000 + b"/>"),
    attack("a name twice", Code.ONLEESBAAR, None, body()[:-1] + b', "zaak": "ZAAK-ANDER"}'),
    attack(
        "ten thousand fields",
        Code.ONGELDIG,
        "veld-1",
        orjson.dumps({**contact(), **{f"veld-{number}": number for number in range(10_000)}}),
    ),
    attack("a lone surrogate", Code.ONLEESBAAR, None, body()[:-1] + b', "onderwerp": "\\ud800"}'),
    attack("json in depth", Code.ONLEESBAAR, None, b'{"a":' * DEEP),
    attack("a number without end", Code.ONLEESBAAR, None, b'{"omvang": 1' + b"0" * 900_000 + b"}"),
    attack(
        "an event of another kind",
        Code.ONGELDIG,
        "type",
        orjson.dumps(
            {"specversion": "1.0", "id": "1", "source": "urn:x", "type": "x", "data": contact()}
        ),
        content_type="application/cloudevents+json",
    ),
)

SENDERS = (
    attack("no user id", Code.APPLICATIE_ONBEKEND, "user_id", user_id=None),
    attack(
        "another channel's source and id",
        Code.KANAAL_NIET_TOEGESTAAN,
        "source",
        orjson.dumps(
            {
                "specversion": "1.0",
                "id": "van-de-balie",
                "source": "urn:applicatie:balie",
                "type": REGISTREREN,
                "data": contact(),
            }
        ),
        content_type="application/cloudevents+json",
    ),
)
ATTACKS = (*TOKENS, *BODIES, *SENDERS)


async def _letters(pool: Pool, count: int) -> list[asyncpg.Record]:
    async def all_there() -> list[asyncpg.Record] | None:
        rows = await pool.fetch("select *, headers::text, probleem::text from dead_letter")
        return rows if len(rows) >= count else None

    return await until(all_there, f"{count} dead letters")


async def _stored(pool: Pool) -> dict[str, int]:
    tables = ("klantcontact", "document", "notificatie", "mail", "bericht", "zaak", "autorisatie")
    return {
        each: await pool.fetchval(f"select count(*) from {each}")  # noqa: S608 (names of ours)
        for each in tables
    }


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    """Secrets of two clients, and a key set with an RSA key in it."""
    (tmp_path / "secrets.json").write_bytes(orjson.dumps(SECRETS))
    (tmp_path / "jwks.json").write_bytes(orjson.dumps(KEY_SET))
    return {
        "KLANTCONTACT_TOKEN_SECRETS_FILE": str(tmp_path / "secrets.json"),
        "KLANTCONTACT_OPENID_JWKS": str(tmp_path / "jwks.json"),
    }


async def test_every_attack_is_refused_with_its_code_and_stores_nothing_but_a_dead_letter(
    pool: Pool, broker: Broker, start: Start, subtests: pytest.Subtests
) -> None:
    await fill(pool, *register(), applicatie("balie", clientIds=[BALIE]))
    before = await _stored(pool)
    program = await (await start("--role", "intake")).ready(1)
    for each in ATTACKS:
        await broker.publish(each.content, **each.properties)
    rows = await _letters(pool, len(ATTACKS))
    assert await _stored(pool) == before
    by_name = {orjson.loads(row["headers"])["message_id"]: row for row in rows}
    for each in ATTACKS:
        with subtests.test(each.name):
            row = by_name[each.name]
            reasons = orjson.loads(row["probleem"])["errors"]
            assert row["code"] == each.code
            assert each.at in {reason["field"] for reason in reasons}
            assert bytes(row["body"]) == each.content
    await broker.publish(body(), message_id="daarna")
    await program.logged("klantcontact", outcome="geregistreerd", bericht="daarna")
    assert program.process.returncode is None
    assert _peak_mebibytes(program.process.pid) < 256


def _peak_mebibytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (peak,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak.split()[1]) / 1024


async def test_a_body_that_is_sent_again_under_another_id_is_refused_where_its_token_is_bound(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    token = tokens.zgw(issued=NOW, user_id="mdw-0042", digest=body_digest(body()))
    bearer = {"authorization": f"Bearer {token}"}
    program = await (await start("--role", "intake")).ready(1)
    for name in ("een", "een", "twee"):
        await broker.publish(body(), message_id=name, headers=bearer)
    (row,) = await _letters(pool, 1)
    await program.logged("klantcontact", outcome="herhaald", bericht="een")
    assert (row["bericht_id"], row["code"]) == ("twee", UNPROVEN)
    assert await pool.fetchval("select array_agg(bericht_id) from bericht") == ["een"]

    event = {
        "specversion": "1.0",
        "id": "drie",
        "source": "urn:x",
        "type": REGISTREREN,
        "data": contact(),
    }
    original = orjson.dumps(event)
    token = tokens.zgw(issued=NOW, user_id="mdw-0042", digest=body_digest(original))
    given: dict[str, Any] = {
        "headers": {"authorization": f"Bearer {token}"},
        "content_type": "application/cloudevents+json",
    }
    await broker.publish(original, **given)
    await broker.publish(orjson.dumps({**event, "id": "vier"}), **given)
    await program.logged("klantcontact", outcome="geregistreerd", bericht="drie")
    await program.logged("klantcontact", outcome="afgewezen", bericht="vier", code=UNPROVEN)


async def test_another_channel_s_message_is_not_touched_by_one_that_names_its_source_and_id(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool, *register(), applicatie("balie"), autorisatie("applicatie", "balie"))
    event = {
        "specversion": "1.0",
        "id": "een",
        "source": "urn:nld:oin:00000000000000000000:systeem:balie",
        "type": REGISTREREN,
        "data": contact(),
    }
    given = {"content_type": "application/cloudevents+json"}
    program = await (await start("--role", "intake")).ready(1)
    await broker.publish(orjson.dumps(event), user="balie", **given)
    await broker.publish(
        orjson.dumps({**event, "data": contact(toelichting="anders")}), user="callcenter", **given
    )
    for name in ("balie", "callcenter"):
        await program.logged("klantcontact", outcome="geregistreerd", applicatie=name)
    assert await pool.fetchval("select count(*) from klantcontact") == 2


@pytest.mark.parametrize("kind", ["zaak", "autorisatie", "applicatie"])
async def test_facts_and_rights_come_from_the_zaaksysteem_alone_and_rights_by_no_queue(
    pool: Pool, broker: Broker, start: Start, kind: str
) -> None:
    fact = {
        "zaak": zaak(identificatie="ZAAK-VALS"),
        "autorisatie": autorisatie("medewerker", "mdw-0666"),
        "applicatie": applicatie("vals"),
    }[kind]
    before = await _stored(pool)
    await start("--role", "intake")
    # The administrator's user may write anywhere; the worker looks at the user id all the same.
    await broker.publish(orjson.dumps(fact), user="admin", exchange=topology.ZAKEN)
    if kind != "zaak":
        await broker.fact(orjson.dumps(fact))
    await broker.publish(orjson.dumps(fact), user="callcenter", message_id="feit")
    await _letters(pool, 2 if kind == "zaak" else 3)
    assert await _stored(pool) == before


async def test_a_reply_that_would_go_to_a_queue_of_the_workers_goes_nowhere(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    program = await (await start("--role", "intake", "--role", "relay")).ready(2)
    for queue in (topology.HERVAT, topology.ZAKEN, "antwoord.balie.1"):
        await broker.publish(body(), message_id=queue, reply_to=queue)
        line = await program.logged("klantcontact", outcome="geregistreerd", bericht=queue)
        assert line["antwoord"] == "genegeerd"

    async def sent() -> bool:
        return bool(await pool.fetchval("select count(*) = 0 from outbox where soort <> 'mail'"))

    await until(sent, "all events are published")
    assert await broker.depth(topology.HERVAT) == 0
    assert await pool.fetchval("select count(*) from dead_letter") == 0


@pytest.mark.parametrize(
    ("exchange", "routing_key", "properties"),
    [
        (topology.REGISTRATIE, "balie", {}),
        (topology.REGISTRATIE, "callcenter", {"user_id": "balie"}),
        (topology.ZAKEN, "zaak", {}),
        (topology.HERVAT, "hervat", {}),
        (topology.NOTIFICATIE, "email", {}),
        (topology.GEBEURTENIS, "nl.overheid.klantcontacten.klantcontact-geregistreerd", {}),
        (topology.BOUNCE, "bounce", {}),
        ("", topology.HERVAT, {}),
        ("", f"{topology.REGISTRATIE}.balie", {}),
    ],
    ids=[
        "another channel's routing key",
        "another's user id",
        "facts",
        "hervat",
        "mails",
        "events",
        "bounces",
        "a worker's queue",
        "another channel's queue",
    ],
)
async def test_the_broker_itself_refuses_what_a_channel_may_not_send(
    broker: Broker, exchange: str, routing_key: str, properties: dict[str, Any]
) -> None:
    refusals = (ChannelAccessRefused, ChannelPreconditionFailed, ChannelClosed)
    with pytest.raises(refusals) as caught:
        await broker.publish(body(), exchange=exchange, routing_key=routing_key, **properties)
    assert "refused" in str(caught.value) or "user_id" in str(caught.value)
    assert [await broker.depth(queue) for queue in topology.REGISTRATIE_QUEUES] == [0] * 4


async def test_a_dead_letter_keeps_no_token_that_somebody_could_use(
    pool: Pool, broker: Broker, start: Start
) -> None:
    await fill(pool)
    await start("--role", "intake")
    token = tokens.zgw(issued=NOW, user_id="mdw-0042")
    bearer = {"authorization": f"Bearer {token}"}
    await broker.publish(body(zaak="Z-0"), message_id="een", headers=bearer)
    await broker.publish(b"{", message_id="twee", headers=bearer)
    for row in await _letters(pool, 2):
        assert token.rpartition(".")[2] not in row["headers"]
        identity = orjson.loads(row["identiteit"])
        assert (identity["person"], identity["client"]) == ("mdw-0042", "kcc")


async def test_no_token_is_in_the_log(pool: Pool, broker: Broker, start: Start) -> None:
    await fill(pool)
    program = await (await start("--role", "intake", log_level="debug")).ready(1)
    given = [tokens.zgw(issued=NOW, user_id=name) for name in ("mdw-0042", "mdw-0001")]
    for number, token in enumerate([*given, tokens.zgw(issued=NOW, secret="x" * 40)]):
        bearer = {"authorization": f"Bearer {token}"}
        await broker.publish(body(zaak=ZAAK), message_id=f"b-{number}", headers=bearer)
    await program.logged("klantcontact", count=3)
    assert await program.stop() == 0
    said = "".join(program.raw) + program.err
    assert not any(part in said for token in given for part in token.split("."))
