"""Klantcontacten of no zaak: found, and linked to a zaak later."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.contacts import TOELICHTING, ZAAK
from tests.facts import fill, zaak
from tests.registering import store
from tests.registrations import registration
from tests.statements import written_down
from worker.domain.question import Policy
from worker.postgres import dossier as records
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from worker.postgres.pool import Pool
    from worker.registration import Registration

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]


def _kept(database: str, *asked: Registration) -> None:
    """Registered one after the other, where contacts without a zaak are allowed."""

    async def keep() -> None:
        async with connected(database, size=2) as pool:
            await fill(pool)
            for each in asked:
                await store(pool, each, policy=Policy(contacts_without_zaak=True))

    asyncio.run(keep())


@pytest.fixture
def loose(database: str) -> list[str]:
    """The ids of three without a zaak, the newest first; there is one with a zaak, too."""
    asked = [registration(zaak=...) for _ in range(3)]
    _kept(database, *asked, registration())
    return [str(each.id) for each in reversed(asked)]


def _listed(run: Run, *arguments: str) -> tuple[list[str], str | None]:
    found = json.loads(run("dossier", "--without-zaak", "--json", *arguments).stdout)
    return [each["id"] for each in found["klantcontacten"]], found["next"]


def test_those_without_a_zaak_are_listed_the_newest_first(run: Run, loose: list[str]) -> None:
    assert _listed(run) == (loose, None)
    page = run("dossier", "--without-zaak").stdout
    places = [page.index(each) for each in loose]
    assert places == sorted(places)
    assert max(len(line) for line in page.splitlines()) <= 80


def test_a_page_says_where_the_next_one_begins(run: Run, loose: list[str]) -> None:
    assert _listed(run, "--limit", "2") == (loose[:2], loose[1])
    assert _listed(run, "--limit", "2", "--after", loose[1]) == (loose[2:], None)
    page = run("dossier", "--without-zaak", "--limit", "2").stdout
    more = " ".join(page.partition("More:")[2].replace("\\", "").split())
    assert more == f"klantcontact dossier --without-zaak --limit 2 --after {loose[1]}"


def test_the_next_page_is_revealed_to_the_same_person(run: Run, loose: list[str]) -> None:
    page = run("dossier", "--without-zaak", "--limit", "2", "--reveal", "--as", "jan").stdout
    more = " ".join(page.partition("More:")[2].replace("\\", "").split())
    assert more == (
        f"klantcontact dossier --without-zaak --reveal --limit 2 --after {loose[1]} --as jan"
    )


def test_where_there_are_none_it_says_so(run: Run) -> None:
    assert run("dossier", "--without-zaak").stdout == "No klantcontact is without a zaak here.\n"
    assert _listed(run) == ([], None)


def test_who_reveals_a_page_is_on_record_beside_each_that_was_shown(
    run: Run, rows: Rows, loose: list[str]
) -> None:
    assert TOELICHTING not in run("dossier", "--without-zaak", "--limit", "2").stdout
    revealed = ("--limit", "2", "--reveal", "--as", "jan")
    assert TOELICHTING in run("dossier", "--without-zaak", *revealed).stdout
    looked = rows("select door, onderwerp from inzage")
    assert sorted(looked) == sorted(("jan", f"klantcontact {each}") for each in loose[:2])


@pytest.mark.parametrize(
    "arguments",
    [(), (ZAAK, "--without-zaak"), (ZAAK, "--limit", "2"), (ZAAK, "--after", str(uuid4()))],
    ids=["neither", "both", "a limit for a zaak", "a place in a zaak"],
)
def test_what_is_meant_must_be_plain(run: Run, arguments: tuple[str, ...]) -> None:
    assert "--without-zaak" in run("dossier", *arguments, code=2).stderr


def test_a_page_after_one_that_is_not_there_is_an_error(run: Run) -> None:
    gone = str(uuid4())
    ended = run("dossier", "--without-zaak", "--after", gone, code=1)
    assert f"there is no klantcontact {gone}" in ended.stderr


def test_a_follow_up_on_a_zaak_links_it_and_both_say_so(run: Run, database: str) -> None:
    first = registration(zaak=...)
    later = registration(vervolgOp=str(first.id))
    _kept(database, first, later)
    assert f"follows on   {later.klantcontact.vervolg_op}" in _words(run, "dossier", ZAAK)
    assert f"follows on   {first.id}" in _words(run, "klantcontact", str(later.id))
    for page in (("klantcontact", str(first.id)), ("dossier", "--without-zaak")):
        assert f"followed by  {later.id}, on {ZAAK}" in _words(run, *page)
    found = json.loads(run("klantcontact", str(first.id), "--json").stdout)
    assert found["vervolgen"] == [{"id": str(later.id), "zaak": ZAAK, "correctie": False}]


def _words(run: Run, *arguments: str) -> str:
    return run(*arguments).stdout.replace("    ", "  ")


async def test_a_page_is_found_by_an_index_however_many_there_are(
    database: str, pool: Pool
) -> None:
    await fill(pool, zaak())
    await pool.execute(_FILL)
    middle = await pool.fetchval(
        "select id from klantcontact where zaak is null order by id offset 400 limit 1"
    )
    async with written_down(database) as ran:
        for after in (None, middle):
            assert len(await records.without_zaak(ran.pool, 20, after)) == 20
        asked = [each for each in ran.ran if "from klantcontact where" in each[0]]
    plans = ["\n".join([row[0] for row in await pool.fetch(f"explain {q}", *a)]) for q, a in asked]
    pages = [each for each in plans if each.startswith("Limit")]
    links = [each for each in plans if each not in pages]
    assert ["klantcontact_zonder_zaak" in each and "Sort" not in each for each in pages] == [
        True
    ] * 2
    assert ["klantcontact_vervolg" in each for each in links] == [True] * 2


# Few are of no zaak, but more than a page; each of those has one that follows on it.
_FILL = """
    insert into klantcontact
        (id, zaak, datum_gezet, type, initiatief, taal, vertrouwelijk, opvoerder_soort,
         opvoerder_identificatie, correctie, applicatie, kanaal, geregistreerd)
        select gen_random_uuid(), case when n % 50 > 0 then 'ZAAK-2026-0000001' end, now(), 'call',
            'klant', 'nl', false, 'medewerker', 'm', false, 'callcenter', 'callcenter', now()
        from generate_series(1, 20000) as n;
    insert into klantcontact
        (id, vervolg_op, datum_gezet, type, initiatief, taal, vertrouwelijk, opvoerder_soort,
         opvoerder_identificatie, correctie, applicatie, kanaal, geregistreerd)
        select gen_random_uuid(), id, now(), 'call', 'klant', 'nl', false, 'medewerker', 'm',
            false, 'callcenter', 'callcenter', now() from klantcontact where zaak is null;
    analyze;
"""
