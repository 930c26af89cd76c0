"""`klantcontact publish` on the stack: its token, and the outcome that it waits for."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from typer.testing import CliRunner

from tests.contacts import ZAAK, body, contact, opvoerder
from tests.facts import applicatie, autorisatie, fill, register, zaak
from tests.program import Ended, Program
from worker.cli import app
from worker.formats import REGISTREREN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.broker import Broker
    from worker.postgres.pool import Pool
    from worker.stack.state import StackState

    Publish = Callable[..., Awaitable[Ended]]

CLOSED = "ZAAK-DICHT"
QUEUE = "klantcontact.registratie.callcenter"
# One a run: the session's stack keeps the secrets that it gave.
FRESH = f"client-{os.getpid()}"


@pytest.fixture
def environment(
    environment: dict[str, str], services: StackState, keys: dict[str, str], tmp_path: Path
) -> dict[str, str]:
    """The session's stack, under the name by which commands look for one, and its own keys."""
    stacks = tmp_path / "stacks"
    stacks.mkdir()
    (stacks / "stack").symlink_to(services.token_secrets.parent)
    given = {name: value for name, value in environment.items() if name not in keys}
    return {**given, "KLANTCONTACT_STACK_DIR": str(stacks)}


@pytest.fixture
async def publish(
    environment: dict[str, str], broker: Broker, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> Publish:
    """Runs `klantcontact publish -` within this process; the call center has its rights."""
    del broker
    rights = [
        autorisatie("organisatorische_eenheid", "KCC"),
        autorisatie("geautomatiseerde_actor", "mailrobot"),
        autorisatie("geautomatiseerde_actor", FRESH),
    ]
    callcenter = applicatie(clientIds=["kcc", "mailrobot", FRESH])
    closed = zaak(identificatie=CLOSED, einddatum="2026-11-02")
    given = [each for each in register() if each["soort"] != "applicatie"]
    await fill(pool, *given, callcenter, closed, *rights)

    async def execute(*arguments: str, given: bytes | None = None, **settings: str) -> Ended:
        named = {f"KLANTCONTACT_{name.upper()}": value for name, value in settings.items()}
        content = body() if given is None else given
        with monkeypatch.context() as there:
            for name, value in {**environment, **named, "COLUMNS": "80"}.items():
                there.setenv(name, value)
            ended = await asyncio.to_thread(
                CliRunner().invoke, app, ["publish", "-", *arguments], input=content
            )
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    return execute


@pytest.fixture
async def worker(environment: dict[str, str], publish: Publish) -> AsyncIterator[Program]:
    """A worker on the stack, with the keys that it finds there."""
    del publish
    program = await Program.start("worker", environment=environment)
    try:
        yield await program.ready()
        assert await program.stop() == 0
    finally:
        await program.kill()


async def test_the_outcome_that_was_waited_for_is_shown(
    publish: Publish, worker: Program, pool: Pool, services: StackState
) -> None:
    ended = await publish("--wait")
    assert ended.code == 0, ended
    made = await pool.fetchval("select id from klantcontact")
    assert ended.out.splitlines()[1:] == [f"Registered: klantcontact {made} in zaak {ZAAK}"]
    secrets = json.loads(services.token_secrets.read_bytes())
    said = ended.out + ended.err + "".join(worker.raw)
    assert not any(each["current"] in said for each in secrets.values())
    assert "eyJ" not in said


async def test_a_refusal_is_shown_with_each_reason_and_its_dead_letter(
    publish: Publish, worker: Program, pool: Pool
) -> None:
    del worker
    ended = await publish("--wait", given=body(zaak=CLOSED, toelichting=...))
    assert ended.code == 1
    kept = await pool.fetchval("select id from dead_letter")
    first, *reasons, last = ended.out.splitlines()[1:]
    assert first == "Refused: The zaak is closed (zaak-afgesloten)"
    assert [each.strip().split(": ")[:2] for each in reasons] == [
        ["zaak-afgesloten", "zaak"],
        ["toelichting-of-document-ontbreekt", "toelichting"],
    ]
    assert last == f"Kept as dead letter {kept}"


async def test_the_outcome_is_one_json_document(publish: Publish, worker: Program) -> None:
    del worker
    good = (await publish("--wait", "--json", "--id", "een")).json()
    assert (good["id"], good["confirmed"], good["outcome"]) == ("een", True, "geregistreerd")
    assert good["klantcontact"] == good["event"]["data"]["klantcontact"]
    bad = await publish("--wait", "--json", given=b"{")
    assert bad.code == 1
    assert bad.json()["outcome"] == "afgewezen"
    assert bad.json()["probleem"]["type"] == "urn:klantcontact:probleem:bericht-onleesbaar"
    assert set(bad.json()) == {"id", "confirmed", "outcome", "probleem", "event"}


async def test_a_field_that_a_terminal_would_obey_is_shown_without(
    publish: Publish, worker: Program
) -> None:
    del worker
    ended = await publish("--wait", given=body(**{"\x1b[31mrood": 1}))
    assert "?[31mrood: this field is not in the contract" in ended.out
    assert "\x1b" not in ended.out


async def test_the_same_id_again_is_the_same_klantcontact(
    publish: Publish, worker: Program, pool: Pool
) -> None:
    del worker
    told = [(await publish("--wait", "--id", "twee", "--json")).json() for _ in range(2)]
    assert told[0]["klantcontact"] == told[1]["klantcontact"]
    assert await pool.fetchval("select count(*) from klantcontact") == 1


async def test_no_answer_in_time_is_unknown_and_sending_again_is_safe(
    publish: Publish, broker: Broker, environment: dict[str, str], pool: Pool
) -> None:
    silent = await publish("--wait", "--timeout", "0.2", "--id", "drie")
    assert silent.code == 1
    assert "unknown, not lost" in silent.err
    assert "--id drie is safe" in silent.err
    assert await broker.depth(QUEUE) == 1
    document = await publish("--wait", "--timeout", "0", "--id", "drie", "--json")
    assert document.code == 1
    assert document.json() == {"id": "drie", "confirmed": True, "outcome": None, "event": None}

    program = await Program.start("worker", environment=environment)
    try:
        assert (await publish("--wait", "--id", "drie")).code == 0
        assert await program.stop() == 0
    finally:
        await program.kill()
    assert await pool.fetchval("select count(*) from klantcontact") == 1


@pytest.mark.parametrize(
    "who",
    [
        opvoerder(),
        opvoerder(soort="organisatorische_eenheid", identificatie="KCC"),
        opvoerder(soort="geautomatiseerde_actor", identificatie="mailrobot"),
        opvoerder(soort="betrokkene", identificatie="bsn-pseudoniem-1"),
    ],
    ids=lambda who: str(who["soort"]),
)
async def test_a_token_is_made_that_proves_the_opvoerder(
    publish: Publish, worker: Program, who: dict[str, Any]
) -> None:
    del worker
    ended = await publish("--wait", given=body(opvoerder=who))
    assert ended.code == 0, ended


async def test_a_cloud_event_is_sent_as_one(publish: Publish, worker: Program) -> None:
    event = {"specversion": "1.0", "type": REGISTREREN, "source": "urn:x", "id": "ce-1"}
    ended = await publish("--wait", given=orjson.dumps({**event, "data": contact()}))
    assert ended.code == 0, ended
    await worker.logged("klantcontact", bericht="ce-1", outcome="geregistreerd")


async def test_xml_is_sent_as_xml(publish: Publish, worker: Program) -> None:
    content = """
        <Klantcontact>
          <DatumGezet>2026-11-01T11:58:12+01:00</DatumGezet>
          <Documenten/>
          <Opvoerder>
            <Soort>medewerker</Soort><Identificatie>mdw-0042</Identificatie>
          </Opvoerder>
          <Toelichting>Belt.</Toelichting>
          <Type>call</Type>
        </Klantcontact>
    """
    named = ("--id", "xml-1", "--header", f"zaak={ZAAK}")
    ended = await publish("--wait", *named, given=content.encode())
    assert ended.code == 0, ended
    await worker.logged("klantcontact", bericht="xml-1", outcome="geregistreerd")


async def test_a_client_id_that_has_no_secret_yet_gets_one_while_the_worker_runs(
    publish: Publish, worker: Program, services: StackState
) -> None:
    del worker
    assert FRESH not in json.loads(services.token_secrets.read_bytes())
    robot = opvoerder(soort="geautomatiseerde_actor", identificatie=FRESH)
    ended = await publish("--wait", given=body(opvoerder=robot))
    assert ended.code == 0, ended
    assert FRESH in json.loads(services.token_secrets.read_bytes())


async def test_a_token_of_another_person_proves_nothing(publish: Publish, worker: Program) -> None:
    del worker
    ended = await publish("--wait", "--user", "mdw-0001")
    assert "(opvoerder-niet-geauthenticeerd)" in ended.out


async def test_a_ready_made_token_is_used_as_it_is(
    publish: Publish, worker: Program, tmp_path: Path
) -> None:
    del worker
    (tmp_path / "token").write_text("geen.echt.token\n", encoding="ascii")
    ended = await publish("--wait", "--token-file", str(tmp_path / "token"))
    assert "jwt-decode-error" in ended.out
    assert "geen.echt.token" not in ended.out + ended.err


async def test_headers_come_with_the_message(publish: Publish, broker: Broker) -> None:
    await publish("--header", "zaak=ZAAK-1", "--header", "x-eigen=a=b", "--content-type", "text/x")
    queue = await (await broker.channel("worker")).get_queue(QUEUE, ensure=False)
    message = await queue.get(no_ack=True)
    assert message is not None
    assert message.headers["zaak"] == "ZAAK-1"
    assert message.headers["x-eigen"] == "a=b"
    assert str(message.headers["authorization"]).startswith("Bearer ")
    assert message.content_type == "text/x"
    assert message.timestamp is not None
    assert message.reply_to is None


@pytest.mark.parametrize(
    ("who", "settings", "says"),
    [
        ({}, {"token_secrets_file": "other"}, "--client-id, or import the applicatie"),
        ({}, {"openid_jwks": "other"}, "set KLANTCONTACT_TOKEN_SECRETS_FILE"),
        ({}, {"token_secrets_file": "/niets"}, "cannot be read: No such file"),
        ({"soort": "betrokkene"}, {"token_secrets_file": "other"}, "give one with --token-file"),
        ({"soort": "geautomatiseerde_actor", "identificatie": "buur"}, {}, "--client-id"),
    ],
    ids=["other secrets", "no secrets", "no file", "another provider", "an unknown actor"],
)
async def test_where_no_token_can_be_made_a_line_says_what_to_do(
    publish: Publish, tmp_path: Path, who: dict[str, str], settings: dict[str, str], says: str
) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"anders": {"current": "een-geheim-van-ten-minste-32-bytes"}}', "utf-8")
    given = {name: str(other) if value == "other" else value for name, value in settings.items()}
    ended = await publish(given=body(opvoerder=opvoerder(**who)), **given)
    assert ended.code == 1
    assert says in ended.err
    assert len(ended.err.splitlines()) == 1


async def test_without_the_database_the_applicaties_own_name_signs(publish: Publish) -> None:
    away = "postgresql://u:geheim@127.0.0.1:1/x"
    ended = await publish("--as", "mailintake", postgres_url=away)
    assert ended.code == 0, ended
