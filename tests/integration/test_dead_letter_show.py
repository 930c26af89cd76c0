from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from uuid_utils.compat import uuid7

from tests.contacts import NOW, TOELICHTING, ZAAK, body, contact, delivery, opvoerder
from tests.dead_letters import put_away
from tests.facts import zaak
from tests.messages.refused import ALL
from tests.statements import written_down
from worker.errors import Code, Violation
from worker.formats import REGISTREREN
from worker.postgres.dead_letter_details import Reveal, details
from worker.postgres.objections import FACTS, MAILS

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from worker.envelope import Delivery
    from worker.postgres.pool import Pool

    Run = Callable[..., Result]
    Show = Callable[..., str]
    Rows = Callable[[str], list[tuple[Any, ...]]]

CLOSED = Violation(Code.ZAAK_AFGESLOTEN, "the zaak has an end date", "zaak")
MESSAGES = Path(__file__).parent.parent / "messages"
EVENT = {
    "specversion": "1.0",
    "type": REGISTREREN,
    "source": "urn:nld:oin:1",
    "id": "een",
    "time": "2026-11-23T11:58:12+01:00",
}


def _event(**changes: object) -> bytes:
    return orjson.dumps({**EVENT, "data": contact(), **changes})


@pytest.fixture
def show(run: Run, database: str) -> Show:
    """What is shown of a delivery that was put away, and nothing on stderr."""

    def shown(sent: Delivery, *arguments: str, violation: Violation = CLOSED) -> str:
        letter = str(put_away(database, sent, violation))
        result = run("dead-letters", "show", letter, *arguments)
        assert result.stderr == ""
        return result.stdout

    return shown


def test_what_is_wrong_comes_first_then_what_helps_then_all_that_is_known(
    run: Run, database: str
) -> None:
    sent = delivery(body(datumGezet=..., kleur="rood", vertrouwelijk="nee"), message_id="een")
    letter = str(put_away(database, sent))
    shown = run("dead-letters", "show", letter).stdout
    lines = [line.rstrip() for line in shown.splitlines()]
    assert lines[:6] == [
        letter,
        "bericht-ongeldig: The message does not keep to the contract",
        "  bericht-ongeldig: datumGezet: this field is required",
        "  bericht-ongeldig: vertrouwelijk: Input should be a valid boolean",
        "  bericht-ongeldig: ••• (5 characters): this field is not in the contract",
        "wrong: a field is missing, unknown or has a wrong value; the problem names it",
    ]
    for line in (
        f"  klantcontact dead-letters edit {letter}",
        "toestand      open",
        "group         bericht-ongeldig/registratie.callcenter/datumGezet",
        "source        urn:applicatie:callcenter",
        "message id    een",
        "first seen    2026-11-23 13:00",
        "count         1",
        "attempts      1",
        "content_type  application/json",
        "authorization (a token; never shown)",
        '  "datumGezet": (missing),  <-- bericht-ongeldig: this field is required',
        f'  "zaak": "{ZAAK}",',
        '    "identificatie": "••• (8 characters)"',
    ):
        assert line in lines
    assert max(map(len, lines)) <= 80


def test_personal_data_is_masked_and_a_look_leaves_no_trace(rows: Rows, show: Show) -> None:
    shown = show(delivery(body(opvoerder=opvoerder(naam="Jo Jansen"))))
    for personal in (TOELICHTING, "Jansen", "mdw-0042", "eyJ"):
        assert personal not in shown
    assert rows("select count(*) from dead_letter_handeling") == [(0,)]


def test_what_is_revealed_is_on_record_and_the_token_stays_hidden(
    run: Run, rows: Rows, database: str
) -> None:
    letter = str(put_away(database, delivery(), CLOSED))
    arguments = ("--reveal", "--as", "piet", "--reason", "de klant belt\nweer")
    shown = run("dead-letters", "show", letter, *arguments).stdout
    assert TOELICHTING in shown
    assert "eyJ" not in shown
    assert "reveal by piet\n  de klant belt\n  weer" in shown
    assert rows("select handeling, door, reden from dead_letter_handeling") == [
        ("reveal", "piet", "de klant belt\nweer")
    ]


@pytest.mark.parametrize("arguments", [[], ["--reveal"], ["--json"], ["--version", "1"]])
def test_what_is_not_there_is_told_in_a_line(run: Run, arguments: list[str]) -> None:
    letter = str(uuid7())
    result = run("dead-letters", "show", letter, *arguments, code=1)
    assert result.stdout == ""
    assert result.stderr == (
        f"Error: there is no dead letter {letter}; `dead-letters list` lists them\n"
    )


def test_a_version_that_is_not_there_is_told_and_nothing_is_revealed(
    run: Run, rows: Rows, database: str
) -> None:
    letter = str(put_away(database, delivery(), CLOSED))
    result = run("dead-letters", "show", letter, "--reveal", "--version", "1", code=1)
    assert result.stderr == "Error: there is no version 1; the last one is 0\n"
    assert rows("select count(*) from dead_letter_handeling") == [(0,)]


def test_json_has_the_same_masked_alike(run: Run, database: str) -> None:
    letter = str(put_away(database, delivery(body(datumGezet=..., kleur="rood"))))
    result = run("dead-letters", "show", letter, "--json")
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert found["probleem"]["errors"][1]["field"] == "••• (5 characters)"
    assert found["body"]["content"]["toelichting"] == "••• (34 characters)"
    assert found["headers"] == {"authorization": "(a token; never shown)"}
    assert (found["id"], found["toestand"], found["versies"]) == (letter, "open", [0])
    assert found["command"] == ["klantcontact", "dead-letters", "edit", letter]
    for personal in (TOELICHTING, "kleur", "rood", "mdw-0042", "eyJ"):
        assert personal not in result.stdout
    revealed = json.loads(run("dead-letters", "show", letter, "--json", "--reveal").stdout)
    assert revealed["body"]["content"] == contact(datumGezet=..., kleur="rood")
    assert revealed["probleem"]["errors"][1]["field"] == "kleur"
    assert [each["handeling"] for each in revealed["handelingen"]] == ["reveal"]


@pytest.mark.parametrize(
    "sent",
    [
        delivery(_event(), content_type="application/cloudevents+json"),
        delivery(headers={f"cloudEvents:{name}": value for name, value in EVENT.items()}),
        delivery((MESSAGES / "xml" / "registratie.xml").read_bytes(), content_type="text/xml"),
        delivery((MESSAGES / "xml" / "klantcontact.xml").read_bytes(), content_type="text/xml"),
        delivery(
            (MESSAGES / "xml" / "klantcontact.xml").read_bytes(),
            content_type="text/xml",
            user_id=None,
            message_id=None,
        ),
        delivery(user_id=None, message_id=None),
        delivery(_event(type="iets.anders"), content_type="application/cloudevents+json"),
        delivery(content_type="text/plain"),
    ],
    ids=[
        "structured",
        "binary",
        "xml",
        "fragment",
        "nameless xml",
        "nameless",
        "another event",
        "as text",
    ],
)
def test_a_content_is_the_contracts_json_whatever_it_came_in(show: Show, sent: Delivery) -> None:
    shown = show(sent)
    assert '"datumGezet": "20' in shown
    assert '"soort": "' in shown
    assert '"opvoerder": {' in shown


def test_a_fact_is_shown_by_its_own_contract_and_marked(show: Show) -> None:
    wrong = Violation(Code.ONGELDIG, "this is no date", "zaak.startdatum")
    sent = delivery(orjson.dumps(zaak()), queue=FACTS, user_id="zaaksysteem")
    shown = show(sent, violation=wrong)
    assert '"startdatum": "2026-10-01",  <-- bericht-ongeldig: this is no date' in shown
    assert "  bericht-ongeldig: startdatum: this is no date\n" in shown
    for personal in ("Burger", "burger@example.nl", "Voorbeeldstraat"):
        assert personal not in shown


ODD = (
    b"",
    b"\x00\xff\xfe",
    b"{",
    b"[]",
    b"null",
    b'"Jan"',
    b"1e400",
    b'{"a":1,"a":2}',
    b"[" * 100_000,
    b'{"a":' * 190 + b"1" + b"}" * 190,
    b'{"omvang":123456789012345678901234567890}',
    "Jan\x1b[31m\x9b\u202e Jansen\n".encode() * 300,
    b"<KlantcontactRegistratie><Jan/></KlantcontactRegistratie>",
)


@pytest.mark.parametrize("arguments", [[], ["--reveal"], ["--json"]])
@pytest.mark.parametrize(
    "queue", ["klantcontact.registratie.balie", "klantcontact.bounce", MAILS, FACTS]
)
def test_whatever_it_is_it_is_shown_or_it_is_told_that_it_cannot_be(
    show: Show, queue: str, arguments: list[str], subtests: pytest.Subtests
) -> None:
    for content in ODD:
        with subtests.test(repr(content[:20])):
            shown = show(delivery(content, queue=queue), *arguments)
            assert shown
            assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
            assert arguments == ["--reveal"] or "Jan" not in shown


def test_every_message_that_is_refused_can_be_shown(show: Show, subtests: pytest.Subtests) -> None:
    for refused in ALL:
        with subtests.test(refused.name):
            given = {**refused.properties}
            given.setdefault("user_id", given.pop("user", "callcenter"))
            sent = delivery(refused.body, **given)
            shown = show(sent, violation=Violation(refused.code, "because", refused.field))
            assert f"{refused.code}: " in shown


def test_eight_mebibytes_are_shown_in_part(show: Show) -> None:
    document = {"titel": "x", "formaat": "a/b", "inhoud": "QUJD" * 1_900_000}
    shown = show(delivery(body(documenten=[document], toelichting="x" * 300_000)), "--reveal")
    assert '"inhoud": "(about 5700000 bytes in base64)"' in shown
    assert "(300000 characters in all)" in shown
    assert len(shown) < 20_000


@pytest.mark.parametrize("arguments", [[], ["--reveal"], ["--reveal", "--json"]])
def test_very_many_items_are_told_by_their_number(show: Show, arguments: list[str]) -> None:
    content = b'{"gesprekspartners":[' + b"{}," * 100_000 + b"{}]}"
    shown = show(delivery(content), *arguments)
    assert "(and 99501 more)" in shown
    assert len(shown) < 30_000


def test_a_text_is_shown_only_when_revealed_and_not_endlessly(show: Show) -> None:
    sent = delivery(b"Jansen\n" * 1000 + b"x" * 100_000, content_type="text/plain")
    assert "Jansen" not in show(sent)
    shown = show(sent, "--reveal")
    assert shown.count("Jansen") == 200
    assert "and 801 more lines; `dead-letters export`" in shown


def test_of_a_mail_neither_recipient_nor_content_nor_answer_is_shown(show: Show) -> None:
    sent = delivery(
        b"To: anna@example.nl\r\n\r\nBeste Anna",
        queue=MAILS,
        content_type="message/rfc822",
        headers={
            "afzender": "noreply@gemeente.nl",
            "ontvanger": "anna@example.nl",
            "antwoord": "550 anna",
        },
    )
    failed = Violation(Code.MAIL_MISLUKT, "550 <anna@example.nl> is not here")
    masked = show(sent, violation=failed)
    assert "nna" not in masked
    assert "noreply@gemeente.nl" in masked
    assert "Beste Anna" in show(sent, "--reveal", violation=failed)


async def _put(pool: Pool, letter: object) -> None:
    for number, content in ((1, body(type="face")), (2, body(type="mail"))):
        await pool.execute(
            "insert into dead_letter_versie values ($1, $2, $3)", letter, number, content
        )
        await pool.execute(
            """
            insert into dead_letter_handeling
            values ($1, $2, 'edit', 'piet', 'fout', $3, $4)
            """,
            uuid7(),
            letter,
            NOW + timedelta(minutes=number),
            orjson.dumps({"versie": number, "velden": ["type"]}).decode(),
        )
    await pool.execute("update dead_letter set versie = 2")


async def test_each_version_can_be_shown_and_only_the_judged_one_is_marked(
    run: Run, database: str, pool: Pool
) -> None:
    wrong = Violation(Code.ONGELDIG, "wrong", "type")
    letter = await asyncio.to_thread(put_away, database, delivery(), wrong)
    await _put(pool, letter)

    async def shown(*arguments: str) -> str:
        result: Result = await asyncio.to_thread(
            run, "dead-letters", "show", str(letter), *arguments
        )
        return " ".join(result.stdout.split())

    mark = '"call", <-- bericht-ongeldig: wrong'
    assert mark in await shown("--version", "0")
    assert "as it came, not in force" in await shown("--version", "0")
    assert '"type": "mail", "toelichting"' in await shown()
    assert "about version 0, not about this one" in await shown()
    assert '"type": "face", "toelichting"' in await shown("--version", "1")
    assert "edit by piet: version 2 (type) fout" in await shown()
    assert f"klantcontact dead-letters retry {letter} " in await shown()
    # Judged again after the first edit, and refused again.
    await pool.execute("""update dead_letter set probleem = probleem || '{"versie": 1}'""")
    assert '"face", <-- bericht-ongeldig: wrong' in await shown("--version", "1")
    assert "about version 1, not about this one" in await shown()


async def test_what_an_edit_put_right_is_not_marked_with_what_was_wrong_before(
    run: Run, database: str, pool: Pool
) -> None:
    wrong = Violation(Code.ONGELDIG, "wrong", "type")
    letter = await asyncio.to_thread(put_away, database, delivery(), wrong)
    await _put(pool, letter)
    later = NOW + timedelta(hours=1)
    await pool.execute("update dead_letter set toestand = 'opgelost', laatste = $1", later)
    shown: Result = await asyncio.to_thread(run, "dead-letters", "show", str(letter))
    assert "<--" not in shown.stdout
    assert "about version 0, not about this one" in " ".join(shown.stdout.split())


def test_a_foreign_source_is_sent_back_to_its_sender(show: Show) -> None:
    foreign = Violation(Code.KANAAL_NIET_TOEGESTAAN, "another's", "source")
    shown = show(delivery(), violation=foreign)
    assert "here: nothing to set here" in shown
    assert "klantcontact dead-letters archive" in shown


async def test_what_became_of_it_is_told(run: Run, database: str, pool: Pool) -> None:
    letter = await asyncio.to_thread(put_away, database, delivery(), CLOSED)
    made = uuid7()
    await pool.execute("update dead_letter set toestand = 'opgelost', klantcontact = $1", made)
    result = await asyncio.to_thread(run, "dead-letters", "show", str(letter))
    assert f"klantcontact  {made}\n" in result.stdout
    assert "klantcontact dead-letters" not in result.stdout
    await pool.execute("update dead_letter set toestand = 'wacht', opnieuw = $1", NOW)
    waiting: Result = await asyncio.to_thread(run, "dead-letters", "show", str(letter))
    assert "next attempt  2026-11-23 13:00\n" in waiting.stdout


async def test_its_rows_are_found_by_their_keys(database: str, pool: Pool) -> None:
    letter = await asyncio.to_thread(put_away, database, delivery(), CLOSED)
    await _put(pool, letter)
    await pool.execute("analyze")
    async with written_down(database) as statements:
        await details(statements.pool, letter, None, Reveal("piet", None, NOW))
        asked = [each for each in statements.ran if each[1]]
    assert len(asked) == 4
    async with pool.acquire() as connection:
        await connection.execute("set enable_seqscan = off")
        for query, arguments in asked:
            rows = await connection.fetch(f"explain {query}", *arguments)
            assert "Seq Scan" not in "\n".join(row[0] for row in rows), query


def _program(environment: dict[str, str], letter: object, columns: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "worker", "dead-letters", "show", str(letter)],
        env={**os.environ, **environment, "COLUMNS": columns},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_ids_are_whole_and_nothing_is_lost_at_forty_columns(
    environment: dict[str, str], database: str
) -> None:
    message_id = "bericht-" + "0123456789" * 8
    sent = delivery(body(datumGezet=..., kleur="x"), message_id=message_id)
    letter = put_away(database, sent)
    out, err = _program(environment, letter, "40").communicate()
    lines = out.decode().splitlines()
    assert err == b""
    assert str(letter) in lines
    assert message_id in lines
    assert "klantcontact.registratie.callcenter" in [line.strip() for line in lines]
    together = " ".join(out.decode().split())
    assert "<-- bericht-ongeldig: this field is not in the contract" in together
    assert len([line for line in lines if len(line) > 40]) <= 3


def test_a_pipe_that_is_closed_early_ends_it_quietly(
    environment: dict[str, str], database: str
) -> None:
    afspraken = [{"omschrijving": "x", "door": "klant"}] * 300
    letter = put_away(database, delivery(body(afspraken=afspraken)), CLOSED)
    process = _program(environment, letter, "80")
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait()
