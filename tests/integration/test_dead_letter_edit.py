from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from uuid_utils.compat import uuid7

from tests.contacts import NOW, body, contact, delivery, opvoerder
from tests.dead_letters import Desk, put_away
from tests.facts import zaak
from tests.waiting import until
from worker.errors import Code, UsageError, Violation
from worker.formats import REGISTREREN
from worker.postgres import editing
from worker.postgres.editing import Edit
from worker.postgres.objections import FACTS, MAILS
from worker.postgres.stored import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from worker.envelope import Delivery
    from worker.postgres.pool import Pool

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

CLOSED = Violation(Code.ZAAK_AFGESLOTEN, "the zaak has an end date", "zaak")
MESSAGES = Path(__file__).parent.parent / "messages"
EVENT = {"specversion": "1.0", "type": REGISTREREN, "source": "urn:nld:oin:1", "id": "een"}


@pytest.fixture
def desk(run: Run, rows: Rows, database: str, tmp_path: Path) -> Desk:
    """With a dead letter whose datumGezet is missing and that has a field too many."""
    desk = Desk(run, rows, database, tmp_path)
    desk.put(delivery(body(datumGezet=..., kleur="rood")))
    return desk


FIXED = ("--set", "datumGezet=2026-11-01T11:58:12+01:00", "--unset", "kleur")


def test_fields_are_put_right_as_a_version_beside_what_came(desk: Desk) -> None:
    said = desk.edit(*FIXED, "--as", "piet", "--reason", "vergeten")
    assert said.stdout == (
        "Stored as version 1 of its content; what came is kept.\n"
        "Changed: datumGezet, ?\n"
        "Next:\n"
        f"  klantcontact dead-letters retry {desk.letter}\n"
    )
    ((number, content),) = desk.versions()
    assert (number, json.loads(content)) == (1, contact())
    ((_, _, _, told),) = desk.handled()
    assert desk.handled() == [("edit", "piet", "vergeten", told)]
    assert json.loads(told) == {"versie": 1, "velden": ["datumGezet", "?"]}
    assert desk.rows("select versie, toestand, body from dead_letter") == [
        (1, "open", body(datumGezet=..., kleur="rood"))
    ]


def test_each_edit_begins_with_the_version_in_force(desk: Desk) -> None:
    desk.edit(*FIXED)
    said = desk.edit("--set", "type=face", "--json")
    assert said.stderr == ""
    assert json.loads(said.stdout) == {
        "id": desk.letter,
        "stored": True,
        "versie": 2,
        "velden": ["type"],
        "retried": False,
        "errors": [],
    }
    assert [json.loads(row[1])["type"] for row in desk.versions()] == ["call", "face"]


def test_an_edited_dead_letter_is_found_by_the_zaak_that_it_names_now(desk: Desk) -> None:
    desk.edit(*FIXED, "--set", "zaak=ZAAK-ANDERS")
    assert desk.rows("select zaak from dead_letter") == [("ZAAK-ANDERS",)]
    desk.edit("--set", "type=face")
    assert desk.rows("select zaak from dead_letter") == [("ZAAK-ANDERS",)]


async def test_the_intake_reads_the_version_in_force(pool: Pool, database: str) -> None:
    letter = await asyncio.to_thread(put_away, database, delivery(), CLOSED)
    await editing.store(pool, _edit(await editing.start(pool, letter, None)), None)
    (stored,) = await load(pool, [letter])
    assert stored.edited == body(type="face")


def test_an_edit_that_would_be_refused_again_is_told_whole_and_not_stored(desk: Desk) -> None:
    result = desk.edit("--set", "typ=fax", "--set", "type=7", code=1)
    assert result.stdout == ""
    assert result.stderr == (
        "Error: nothing stored, for this would be refused again:\n"
        "  bericht-ongeldig: datumGezet: this field is required\n"
        "  bericht-ongeldig: type: Input should be 'click', 'call', 'face', 'mail' or 'e-mail'\n"
        "  bericht-ongeldig: ••• (5 characters): this field is not in the contract\n"
        "  bericht-ongeldig: typ: this field is not in the contract\n"
    )
    assert desk.versions() == []
    assert desk.handled() == []


def test_what_is_wrong_is_told_as_json_too(desk: Desk) -> None:
    result = desk.edit("--unset", "kleur", "--json", code=1)
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert (found["stored"], found["versie"]) == (False, None)
    assert found["errors"] == [
        {"code": "bericht-ongeldig", "field": "datumGezet", "detail": "this field is required"}
    ]


@pytest.mark.parametrize(
    "changed",
    [
        "opvoerder.identificatie=mdw-1",
        "opvoerder.naam=Jo",
        'opvoerder={"soort":"betrokkene","identificatie":"x"}',
    ],
)
def test_another_opvoerder_is_not_stored(desk: Desk, changed: str) -> None:
    result = desk.edit(*FIXED, "--set", changed, code=1)
    assert "opvoerder: cannot be edited" in result.stderr
    assert desk.versions() == []


def test_an_opvoerder_that_was_not_sent_can_be_added(desk: Desk) -> None:
    desk.put(delivery(body(opvoerder=...)))
    given = f"opvoerder={json.dumps(opvoerder())}"
    assert "Changed: opvoerder\n" in desk.edit("--set", given).stdout
    # It is not what was sent either: it may be mended until it is right.
    desk.edit("--set", "opvoerder.naam=Jo")


@pytest.mark.parametrize("given", [["--set", "type=call"], ["--file", "same.json"]])
def test_what_is_not_changed_is_not_stored(desk: Desk, given: list[str]) -> None:
    desk.put(delivery(), CLOSED)
    (desk.folder / "same.json").write_bytes(json.dumps(contact(), indent=4).encode())
    said = desk.edit(*given, "--retry")
    assert said.stdout == "Nothing was changed, so nothing is stored.\n"
    assert desk.versions() == desk.handled() == []
    assert desk.rows("select distinct toestand from dead_letter") == [("open",)]


@pytest.mark.parametrize(
    ("toestand", "words"),
    [
        ("hervat", "is being retried: wait until it is done"),
        ("opgelost", "was resolved: it is klantcontact 0192f0c1-0000-7000-8000-000000000000"),
        ("gearchiveerd", "`dead-letters restore` it first"),
    ],
)
async def test_only_what_is_open_or_waits_can_be_edited(
    run: Run, pool: Pool, database: str, toestand: str, words: str
) -> None:
    letter = await asyncio.to_thread(put_away, database, delivery(), CLOSED)
    await pool.execute(
        "update dead_letter set toestand = $1, klantcontact = $2",
        toestand,
        "0192f0c1-0000-7000-8000-000000000000",
    )
    arguments = ("dead-letters", "edit", str(letter), "--set", "type=face")
    result = await asyncio.to_thread(lambda: run(*arguments, code=1))
    assert result.stderr.count("\n") == 1
    assert words in result.stderr
    assert await pool.fetchval("select count(*) from dead_letter_versie") == 0


@pytest.mark.parametrize(
    ("queue", "words"), [(MAILS, "is a mail"), ("klantcontact.bounce", "nothing can be edited")]
)
def test_what_is_no_message_of_the_contract_cannot_be_edited(
    desk: Desk, queue: str, words: str
) -> None:
    desk.put(delivery(queue=queue), CLOSED)
    result = desk.edit("--set", "type=face", code=1)
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


def test_what_is_not_there_cannot_be_edited(run: Run, database: str) -> None:
    del database
    result = run("dead-letters", "edit", str(uuid7()), "--set", "type=face", code=1)
    assert "there is no dead letter" in result.stderr


async def test_an_edit_that_somebody_else_was_before_is_not_stored(
    pool: Pool, database: str
) -> None:
    letter = await asyncio.to_thread(put_away, database, delivery(), CLOSED)
    first = await editing.start(pool, letter, None)
    second = await editing.start(pool, letter, None)
    assert await editing.store(pool, _edit(first), None) == 1
    with pytest.raises(UsageError, match="changed meanwhile; nothing stored"):
        await editing.store(pool, _edit(second), None)
    assert await pool.fetchval("select count(*) from dead_letter_versie") == 1


@pytest.mark.parametrize("toestand", ["hervat", "wacht", "opgelost", "gearchiveerd"])
async def test_an_edit_that_a_retry_was_before_is_not_stored(
    pool: Pool, database: str, toestand: str
) -> None:
    letter = await asyncio.to_thread(put_away, database, delivery(), CLOSED)
    begun = await editing.start(pool, letter, None)
    await pool.execute("update dead_letter set toestand = $1", toestand)
    with pytest.raises(UsageError, match="changed meanwhile; nothing stored"):
        await editing.store(pool, _edit(begun), None)
    assert await pool.fetchval("select count(*) from dead_letter_handeling") == 0


async def test_of_many_edits_at_once_one_is_stored(pool: Pool, database: str) -> None:
    letter = await asyncio.to_thread(put_away, database, delivery(), CLOSED)
    begun = await editing.start(pool, letter, None)
    results = await asyncio.gather(
        *(editing.store(pool, _edit(begun), None) for _ in range(6)), return_exceptions=True
    )
    assert [each for each in results if not isinstance(each, UsageError)] == [1]
    assert await pool.fetchval("select versie from dead_letter") == 1


async def test_an_edit_waits_for_a_retry_that_is_under_way_and_is_not_stored_then(
    pool: Pool, database: str
) -> None:
    letter = await asyncio.to_thread(put_away, database, delivery(), CLOSED)
    begun = await editing.start(pool, letter, None)

    async def waits() -> bool:
        found = await pool.fetchval("select exists (select from pg_locks where not granted)")
        return bool(found)

    async with pool.acquire() as other, other.transaction():
        await other.execute("update dead_letter set toestand = 'hervat'")
        storing = asyncio.create_task(editing.store(pool, _edit(begun), None))
        await until(waits, "the edit waits for the row")
    with pytest.raises(UsageError, match="changed meanwhile; nothing stored"):
        await storing


def _edit(begun: editing.Start) -> Edit:
    return Edit(begun, body(type="face"), ["type"], "piet", None, NOW)


def test_it_is_stored_and_retried_in_one_go(desk: Desk) -> None:
    said = desk.edit(*FIXED, "--retry", "--as", "piet")
    assert (
        f"Retried; see what becomes of it:\n  klantcontact dead-letters show {desk.letter}\n"
        in (said.stdout)
    )
    assert desk.rows("select toestand, versie from dead_letter") == [("hervat", 1)]
    assert sorted(row[0] for row in desk.handled()) == ["edit", "retry"]
    assert desk.rows("select soort, onderwerp::text from outbox") == [("hervat", desk.letter)]


@pytest.mark.parametrize(
    "sent",
    [
        delivery(
            orjson.dumps({**EVENT, "data": contact()}), content_type="application/cloudevents+json"
        ),
        delivery(headers={f"cloudEvents:{name}": value for name, value in EVENT.items()}),
        delivery((MESSAGES / "xml" / "registratie.xml").read_bytes(), content_type="text/xml"),
        delivery((MESSAGES / "xml" / "klantcontact.xml").read_bytes(), content_type="text/xml"),
    ],
    ids=["structured", "binary", "xml", "fragment"],
)
def test_what_came_in_another_format_is_edited_as_json(desk: Desk, sent: Delivery) -> None:
    desk.put(sent, CLOSED)
    said = desk.edit("--set", "zaak=ZAAK-ANDERS")
    assert "Changed: zaak\n" in said.stdout
    ((_, content),) = desk.versions()
    assert json.loads(content)["zaak"] == "ZAAK-ANDERS"


def test_a_fact_is_edited_by_its_own_contract(desk: Desk) -> None:
    fact = orjson.dumps(zaak(startdatum="morgen"))
    desk.put(delivery(fact, queue=FACTS, user_id="zaaksysteem"))
    worse = desk.edit("--set", "soort=zaaktype", code=1)
    assert "bericht-ongeldig" in worse.stderr
    # As the errors of a dead letter have it, and as they are shown.
    for path in ("zaak.startdatum", "startdatum"):
        said = desk.edit("--set", f"{path}=2026-10-0{len(path) % 9 + 1}")
        assert "Changed: startdatum\n" in said.stdout
    assert len(desk.versions()) == 2


def test_a_fact_that_comes_by_no_queue_is_not_stored(desk: Desk) -> None:
    sent = delivery(orjson.dumps(zaak()), queue=FACTS, user_id="zaaksysteem")
    desk.put(sent, CLOSED)
    (desk.folder / "f.json").write_text('{"soort": "zaaktype", "identificatie": "x"}')
    result = desk.edit("--file", "f.json", code=1)
    assert "soort: only zaken come by queue" in result.stderr
    assert desk.versions() == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "not JSON in UTF-8"),
        (b"{", "not JSON in UTF-8"),
        (b"\xff\xfe{", "not JSON in UTF-8"),
        (b"[]", "bericht-ongeldig"),
        (b'{"type":"call","type":"call"}', "a name stands twice"),
        (b"[" * 100_000, "not JSON in UTF-8"),
        (b" " * 1_048_577, "at most 1048576 bytes, and this is 1048577"),
        (b" " * (8 * 1024 * 1024), "at most 1048576 bytes"),
    ],
    ids=["missing", "empty", "half", "no text", "list", "twice", "deep", "large", "8 MiB"],
)
def test_a_file_that_holds_no_klantcontact_is_told(
    desk: Desk, content: bytes | None, words: str
) -> None:
    if content is not None:
        (desk.folder / "f.json").write_bytes(content)
    result = desk.edit("--file", "f.json", code=1)
    assert words in result.stderr
    assert result.stdout == ""
    assert desk.versions() == []


def test_a_folder_is_no_file(desk: Desk) -> None:
    result = desk.edit("--file", str(desk.folder), code=1)
    assert "cannot be read: Is a directory" in result.stderr


def test_the_whole_content_can_come_by_stdin(desk: Desk) -> None:
    desk.edit("--file", "-", given=body())
    assert [row[1] for row in desk.versions()] == [body()]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--set", "documenten.1.titel=x"], 1, "the list has 0 items"),
        (["--set", "documenten.x=1"], 1, "by their number"),
        (["--set", "type"], 2, "--set takes path=value"),
        (["--unset", "niets"], 1, "there is no niets to take away"),
        (["--unset", "type", "--unset", "type"], 2, "type is named twice"),
        (["--set", 'uitkomst={"gelukt":true,"gelukt":true}'], 2, "a name stands twice"),
        (["--set", "toelichting=\udcff"], 1, "no text in UTF-8"),
    ],
)
def test_a_path_or_a_value_that_cannot_be_is_told_in_a_line(
    desk: Desk, arguments: list[str], code: int, words: str
) -> None:
    result = desk.edit(*arguments, code=code)
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert desk.versions() == []


def test_a_file_leaves_no_room_for_fields(desk: Desk) -> None:
    result = desk.edit("--file", "x", "--set", "type=call", code=2)
    assert "leave --set and --unset out" in result.stderr


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"a":1,"a":2}', b"<x/>"])
def test_what_cannot_be_read_takes_no_fields_but_a_whole_content(
    desk: Desk, content: bytes
) -> None:
    desk.put(delivery(content), CLOSED)
    result = desk.edit("--set", "type=call", code=1)
    assert "give the whole content with --file" in result.stderr
    said = desk.edit("--file", "-", given=body())
    assert "Changed: zaak, datumGezet, type, toelichting, opvoerder\n" in said.stdout
    assert [row[1] for row in desk.versions()] == [body()]


def test_what_is_right_in_a_wrapping_that_is_wrong_can_be_stored_as_it_is(desk: Desk) -> None:
    event = orjson.dumps({**EVENT, "type": "iets.anders", "data": contact()})
    sent = delivery(event, content_type="application/cloudevents+json")
    desk.put(sent)
    desk.edit("--set", "type=call")
    assert [json.loads(row[1]) for row in desk.versions()] == [contact()]
