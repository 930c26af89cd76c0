from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tests.contacts import TOELICHTING, ZAAK
from tests.facts import fill, register, zaak
from tests.registering import store
from tests.registrations import registration
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from worker.registration import Registration

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

INSIDE = {"titel": "notitie", "formaat": "text/plain", "inhoud": "aGFsbG8="}


def test_a_dossier_is_a_timeline_that_fits_a_terminal(run: Run, registered: Registration) -> None:
    shown = run("dossier", ZAAK).stdout
    assert max(len(line) for line in shown.splitlines()) <= 80
    for words in (
        ZAAK,
        "1 klantcontact",
        "[bold]dakkapel[/bold]",
        "In behandeling",
        "Voorbeeld Burger (klant)",
        "not reached; niet thuis",
        "gemeente: terugbellen (by 2026-12-01)",
        "initiator: waits to be sent",
        "initiator: no mail: has no address (geen-adres)",
        str(registered.id),
    ):
        assert words in shown
    assert TOELICHTING not in shown


def test_one_klantcontact_says_of_which_zaak_it_is_and_how_it_came(
    run: Run, registered: Registration
) -> None:
    shown = run("klantcontact", str(registered.id)).stdout
    assert max(len(line) for line in shown.splitlines()) <= 80
    told = [line.split(maxsplit=1) for line in shown.splitlines()]
    assert ["zaak", ZAAK] in [[each.rstrip() for each in line] for line in told]
    assert "2026-11-23 13:00, by callcenter" in shown


def test_an_applicatie_is_named_beside_another_kanaal(
    run: Run, registered: Registration, rows: Rows
) -> None:
    rows("update klantcontact set applicatie = 'kcc-nieuw' returning id")
    shown = run("klantcontact", str(registered.id)).stdout
    assert "by kcc-nieuw over callcenter" in shown


def test_what_follows_on_another_is_linked_both_ways(run: Run, database: str) -> None:
    first = registration()
    later = registration(vervolgOp=str(first.id))
    correction = registration(vervolgOp=str(first.id), correctie=True)

    async def keep() -> None:
        async with connected(database, size=2) as pool:
            await fill(pool)
            for each in (first, later, correction):
                await store(pool, each)

    asyncio.run(keep())
    shown = [" ".join(line.split()) for line in run("dossier", ZAAK).stdout.splitlines()]
    assert f"follows on {first.id}" in shown
    assert f"followed by {later.id}" in shown
    assert f"corrected by {correction.id}" in shown


def test_what_is_revealed_is_on_record_with_who_looked(
    run: Run, registered: Registration, rows: Rows
) -> None:
    assert TOELICHTING in run("dossier", ZAAK, "--reveal", "--as", "jan").stdout
    shown = json.loads(run("klantcontact", str(registered.id), "--reveal", "--json").stdout)
    assert shown["toelichting"] == TOELICHTING
    looked = rows("select door, onderwerp from inzage order by id")
    assert looked[0] == ("jan", f"dossier {ZAAK}")
    assert looked[1][1] == f"klantcontact {registered.id}"


def test_what_stays_masked_is_not_on_record(run: Run, registered: Registration, rows: Rows) -> None:
    for arguments in (("dossier", ZAAK), ("klantcontact", str(registered.id))):
        assert TOELICHTING not in run(*arguments).stdout
        assert TOELICHTING not in run(*arguments, "--json").stdout
    assert rows("select * from inzage") == []


def test_json_is_one_document_and_nothing_else(run: Run, registered: Registration) -> None:
    dossier = json.loads(run("dossier", ZAAK, "--json").stdout)
    one = json.loads(run("klantcontact", str(registered.id), "--json").stdout)
    assert dossier["klantcontacten"] == [one]
    assert one["afspraken"][0]["door"] == "gemeente"


def test_a_document_is_written_to_a_file_and_that_is_on_record(
    run: Run, registered: Registration, rows: Rows, tmp_path: Path
) -> None:
    shown = json.loads(run("klantcontact", str(registered.id), "--json").stdout)
    inside, outside = [each["id"] for each in shown["documenten"]]
    run("document", inside, "--output", str(tmp_path / "uit"))
    assert (tmp_path / "uit").read_bytes() == b"hallo"
    assert rows("select onderwerp from inzage") == [(f"document {inside}",)]
    elsewhere = run("document", outside, "--output", str(tmp_path / "x"), code=1)
    assert "https://opnames.example.nl/1" in elsewhere.stderr
    unwritable = run("document", inside, "--output", str(tmp_path / "a" / "b"), code=1)
    assert "cannot be written" in unwritable.stderr


def test_what_a_terminal_obeys_is_not_printed(run: Run, database: str) -> None:
    obeyed = "\x1b]0;title\x07\x9b2J\u202e"
    asked = registration(
        toelichting=f"one\r\ntwo\u00a0words{obeyed}",
        onderwerp=obeyed,
        opvoerder={"soort": "medewerker", "identificatie": "mdw-0042", "naam": obeyed},
        documenten=[INSIDE | {"titel": obeyed}],
    )

    async def fill_and_store() -> None:
        async with connected(database, size=2) as pool:
            await fill(pool, *register(), zaak(omschrijving=obeyed))
            await store(pool, asked)

    asyncio.run(fill_and_store())
    for arguments in (("dossier", ZAAK), ("klantcontact", str(asked.id))):
        shown = run(*arguments, "--reveal").stdout
        assert all(each.isprintable() for each in shown.splitlines())
        assert "two words?" in shown


def test_a_contact_with_little_in_it_is_shown_too(run: Run, database: str) -> None:
    first = registration()
    bare = {"toelichting": ..., "documenten": [INSIDE], "uitkomst": {"gelukt": True}}
    correction = registration(
        vervolgOp=str(first.id), correctie=True, afspraken=[{"omschrijving": "bellen"}]
    )

    async def fill_and_store() -> None:
        async with connected(database, size=2) as pool:
            await fill(pool)
            await fill(pool, zaak(status=None, einddatum=None))
            await store(pool, first, registration(None, **bare))
            await store(pool, correction)
            await fill(pool, zaak(status=None, einddatum="2026-11-20", betrokkenen=[]))

    asyncio.run(fill_and_store())
    shown = run("dossier", ZAAK).stdout
    assert "no status, closed 2026-11-20; 3 klantcontacten" in shown
    assert f"correction of  {first.id}" in shown
    assert "somebody: bellen" in shown
    assert "status then" not in shown
    assert "opvoerder" not in shown
