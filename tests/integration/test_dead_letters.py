from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pytest

from tests.contacts import NOW, delivery
from tests.registrations import refused, registration, unreadable
from tests.tokens import zgw
from worker.errors import Code, Violation
from worker.postgres.dead_letters import store_dead_letters
from worker.postgres.pool import transaction
from worker.postgres.stored import load

if TYPE_CHECKING:
    import asyncpg

    from worker.envelope import Rejection
    from worker.postgres.pool import Pool


async def _store(pool: Pool, *rejected: Rejection, now: datetime = NOW) -> asyncpg.Record:
    """Store, and return the only row there is."""
    async with transaction(pool) as connection:
        await store_dead_letters(connection, rejected, now)
    (row,) = await pool.fetch("select * from dead_letter")
    return row


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff\xfe", "é\U0001f600".encode(), b"x" * 2_000_000, bytes(range(256))],
    ids=["empty", "no text", "beyond ASCII", "large", "every byte"],
)
async def test_a_body_is_kept_to_the_byte(pool: Pool, content: bytes) -> None:
    row = await _store(pool, unreadable(delivery(content)))
    assert row["body"] == content


async def test_properties_and_headers_are_kept_as_json_can_say_them(pool: Pool) -> None:
    headers: dict[str, Any] = {
        "tekst": "a\x00b",
        "bytes": b"\xff",
        "getal": Decimal("1.5"),
        "lijst": [1, None, {"diep": True}],
        "moment": datetime(2026, 11, 23, tzinfo=UTC),
        "geen getal": float("nan"),
    }
    sent = delivery(
        b"{",
        message_id="een\x00",
        content_type="text/plain",
        reply_to="antwoord.callcenter.1",
        correlation_id="c",
        timestamp=NOW,
        headers=headers,
    )
    row = await _store(pool, unreadable(sent))
    kept = orjson.loads(row["headers"])
    assert kept["headers"] == {
        "tekst": "a\ufffdb",
        "bytes": "b'\\xff'",
        "getal": "1.5",
        "lijst": [1, None, {"diep": True}],
        "moment": "2026-11-23T00:00:00+00:00",
        "geen getal": None,
    }
    assert kept["reply_to"] == "antwoord.callcenter.1"
    assert kept["timestamp"] == NOW.isoformat()
    assert row["bericht_id"] == "een\ufffd"


async def test_the_problem_names_every_reason_and_the_first_of_the_codes_is_its_own(
    pool: Pool,
) -> None:
    rejected = refused(
        registration("een"),
        Violation(Code.ZAAK_AFGESLOTEN, "the zaak has an end date", "zaak"),
        Violation(Code.APPLICATIE_ONBEKEND, "not in the register", "user_id"),
    )
    row = await _store(pool, rejected)
    problem = orjson.loads(row["probleem"])
    assert row["code"] == "applicatie-onbekend"
    assert problem == {
        "type": "urn:klantcontact:probleem:applicatie-onbekend",
        "title": "The applicatie is not known",
        "status": 401,
        "detail": "not in the register",
        "instance": f"urn:uuid:{row['id']}",
        "errors": [
            {"code": "zaak-afgesloten", "detail": "the zaak has an end date", "field": "zaak"},
            {"code": "applicatie-onbekend", "detail": "not in the register", "field": "user_id"},
        ],
    }


async def test_a_message_that_comes_again_counts_on_and_is_open_again(pool: Pool) -> None:
    first = await _store(pool, refused(registration("een")))
    await pool.execute("update dead_letter set toestand = 'hervat'")
    later = NOW + timedelta(hours=1)
    again = refused(registration("een"), Violation(Code.ZAAK_ONBEKEND, "not yet", "zaak"))
    row = await _store(pool, again, again, now=later)
    assert (row["id"], row["aantal"], row["toestand"]) == (first["id"], 3, "open")
    assert (row["code"], row["eerste"], row["laatste"]) == ("zaak-onbekend", NOW, later)


async def test_a_message_without_a_key_is_told_apart_by_its_body(pool: Pool) -> None:
    async with transaction(pool) as connection:
        sent = [delivery(body, user_id=None, message_id=None) for body in (b"{", b"[", b"{")]
        await store_dead_letters(connection, [unreadable(each) for each in sent], NOW)
    rows = await pool.fetch("select body, aantal from dead_letter order by body")
    assert [tuple(row) for row in rows] == [(b"[", 1), (b"{", 2)]


async def test_its_id_is_the_one_that_the_log_names(pool: Pool) -> None:
    rejected = refused(registration("een"))
    row = await _store(pool, rejected)
    assert UUID(str(row["id"])) == rejected.id


async def test_the_problem_of_one_that_came_again_still_names_it(pool: Pool) -> None:
    first = await _store(pool, refused(registration("een")))
    again = await _store(pool, refused(registration("een")))
    assert again["id"] == first["id"]
    assert orjson.loads(again["probleem"])["instance"] == f"urn:uuid:{first['id']}"


async def test_headers_that_json_has_no_room_for_are_kept_as_text(pool: Pool) -> None:
    nested: dict[str, Any] = {}
    for _ in range(300):
        nested = {"diep": nested}
    row = await _store(pool, unreadable(delivery(b"{", headers=nested)))
    kept = orjson.loads(row["headers"])
    assert kept["headers"].startswith("{'diep'")
    assert kept["user_id"] == "callcenter"


@pytest.mark.parametrize("text", ["a\\u0000b", "\\\\u0000", "\\\x00\\u0000", "\\", "é\\ud800"])
async def test_a_text_that_looks_like_an_escape_comes_out_as_it_was(pool: Pool, text: str) -> None:
    sent = delivery(b"{", message_id=text, headers={"tekst": [text]})
    row = await _store(pool, unreadable(sent))
    (stored,) = await load(pool, [row["id"]])
    kept = text.replace("\x00", "\ufffd")
    assert (stored.delivery.message_id, stored.delivery.headers) == (kept, {"tekst": [kept]})
    assert stored.key[2] == kept


async def test_what_a_token_proved_comes_out_as_it_was_whatever_it_looks_like(pool: Pool) -> None:
    asked = registration("een")
    identity = replace(asked.identity, person="a\\u0000b", roles=("\\", "\\u0000"))
    row = await _store(pool, replace(refused(asked), identity=identity))
    (stored,) = await load(pool, [row["id"]])
    assert stored.identity == identity


_JWT = zgw(issued=NOW.timestamp(), user_id="mdw-0042")
_SIGNATURE = _JWT.rpartition(".")[2]
_NESTED: dict[str, Any] = {"diep": _JWT}
for _ in range(300):
    _NESTED = {"diep": _NESTED}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {_JWT}"},
        {"authorization": f"Bearer {_JWT} "},
        {"X-Authorization": bytearray(_JWT.encode())},
        {"x-token": _JWT},
        {"x-token": f"a.b {_JWT}, c.d"},
        {"x-token": f"x.y.{_JWT}"},
        {"x-token": bytearray(b"\xff" + _JWT.encode() + b"\xff")},
        {"lijst": [1, {"diep": [_JWT.encode()]}]},
        {_JWT: "naam"},
        {"getal": 2**70, "x-token": _JWT},
        _NESTED,
    ],
)
async def test_a_token_is_kept_without_its_signature_wherever_it_stands(
    pool: Pool, headers: dict[str, Any]
) -> None:
    row = await _store(pool, unreadable(delivery(b"{", headers=headers)))
    assert _SIGNATURE not in row["headers"]
    assert _JWT.rpartition(".")[0] in row["headers"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("Bearer geheim", "Bearer ."),
        ("Basic dXNlcjpwYXNz", "Basic ."),
        ("Bearer geen.echt.token", "Bearer geen.echt."),
        ("geheim", "."),
    ],
)
async def test_of_a_credential_that_is_no_token_nothing_is_kept(
    pool: Pool, value: str, kept: str
) -> None:
    row = await _store(pool, unreadable(delivery(b"{", headers={"authorization": value})))
    assert orjson.loads(row["headers"])["headers"] == {"authorization": kept}


async def test_what_only_looks_a_little_like_a_token_stays(pool: Pool) -> None:
    headers = {
        "x-first-death-queue": "klantcontact.registratie.callcenter",
        "cloudEvents:source": "urn:example.nl:homework.en.meer",
        "versie": "1.0.0",
    }
    row = await _store(pool, unreadable(delivery(b"{", headers=headers)))
    assert orjson.loads(row["headers"])["headers"] == headers
