from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.contacts import NOW, ZAAK, delivery
from tests.facts import TIME, applicatie, autorisatie, betrokkene, dated, fill, zaak, zaaktype
from tests.fakes import FakeRegister
from tests.registrations import unreadable
from worker.errors import BatchRejected
from worker.postgres.lookups import zaken
from worker.postgres.pool import transaction
from worker.postgres.register import PostgresRegister
from worker.postgres.showing import Besluit, Keuze, set_zaaktype, show

if TYPE_CHECKING:
    from worker.postgres.pool import Pool
    from worker.register import RegisterStore

LATER = TIME + timedelta(hours=1)
_SETTINGS = ("klantcontacten", "notificaties", "notificatiesBehandelaar")


class Kept(Protocol):
    """A store of facts, and the name of its zaak."""

    @property
    def store(self) -> RegisterStore: ...

    async def omschrijving(self) -> str: ...


class Fake:
    def __init__(self) -> None:
        self.store = FakeRegister()

    async def omschrijving(self) -> str:
        return str(getattr(self.store.facts["zaak", ZAAK].fact, "omschrijving", None))


class Real:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.store = PostgresRegister(pool)

    async def omschrijving(self) -> str:
        return str(await self._pool.fetchval("select omschrijving from zaak"))


@pytest.fixture(params=["fake", "postgres"])
def kept(request: pytest.FixtureRequest) -> Kept:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("pool"))


async def test_the_newest_fact_stands_in_whichever_order_they_come(kept: Kept) -> None:
    new, old = dated(zaak(omschrijving="nieuw"), LATER), dated(zaak(omschrijving="oud"))
    assert await kept.store.put([new], [], NOW, "zaaksysteem") == 1
    assert await kept.store.put([old], [], NOW, "zaaksysteem") == 0
    assert await kept.omschrijving() == "nieuw"


async def test_within_one_batch_the_newest_stands_too(kept: Kept) -> None:
    new, old = dated(zaak(omschrijving="nieuw"), LATER), dated(zaak(omschrijving="oud"))
    assert await kept.store.put([new, old], [], NOW, "zaaksysteem") == 1
    assert await kept.omschrijving() == "nieuw"


async def test_of_two_of_the_same_moment_the_later_one_stands(kept: Kept) -> None:
    for name in ("eerst", "daarna"):
        assert await kept.store.put([dated(zaak(omschrijving=name))], [], NOW, "x") == 1
    assert await kept.omschrijving() == "daarna"


async def test_a_snapshot_replaces_everybody_involved(pool: Pool) -> None:
    await fill(pool, zaak(betrokkenen=[betrokkene(), betrokkene(identificatie="buur")]))
    await fill(pool, zaak(betrokkenen=[betrokkene(identificatie="nieuw")]), time=LATER)
    rows = await pool.fetch("select identificatie from betrokkene")
    assert [row[0] for row in rows] == ["nieuw"]


async def test_an_older_snapshot_leaves_those_involved_alone(pool: Pool) -> None:
    await fill(pool, zaak(), time=LATER)
    await fill(pool, zaak(betrokkenen=[]))
    assert await pool.fetchval("select count(*) from betrokkene") == 1


async def test_an_older_autorisatie_or_applicatie_takes_nothing_back(pool: Pool) -> None:
    await fill(
        pool,
        applicatie(types=["call"]),
        autorisatie("medewerker", "m", scopes=["nieuw"]),
        time=LATER,
    )
    await fill(pool, applicatie(types=[]), autorisatie("medewerker", "m", scopes=["oud"]))
    assert await pool.fetchval("select types from applicatie") == ["call"]
    assert await pool.fetchval("select scopes from autorisatie") == ["nieuw"]


async def test_only_what_is_news_is_counted(pool: Pool) -> None:
    facts = [zaaktype(), zaak(), applicatie(), autorisatie("medewerker", "m")]
    assert await fill(pool, *facts, time=LATER) == 4
    assert await fill(pool, *facts) == 0


async def test_what_is_refused_beside_facts_is_a_dead_letter(pool: Pool) -> None:
    rejected = unreadable(delivery(b"{", queue="klantcontact.zaken", user_id="zaaksysteem"))
    await PostgresRegister(pool).put([dated(zaak())], [rejected], NOW, "zaaksysteem")
    assert await pool.fetchval("select queue from dead_letter") == "klantcontact.zaken"
    assert await pool.fetchval("select count(*) from zaak") == 1


async def test_a_fact_that_cannot_be_stored_takes_its_whole_batch_back(pool: Pool) -> None:
    await pool.execute("alter table zaak add check (identificatie <> 'Z')")
    facts = [dated(zaak()), dated(zaak(identificatie="Z"))]
    with pytest.raises(BatchRejected, match="23514"):
        await PostgresRegister(pool).put(facts, [], NOW, "zaaksysteem")
    assert await pool.fetchval("select count(*) from zaak") == 0


async def test_a_decision_on_a_zaaktype_is_kept_with_who_and_when(pool: Pool) -> None:
    await fill(pool, zaaktype(klantcontactenToegestaan=False))
    moment = datetime(2026, 11, 2, tzinfo=UTC)
    assert await set_zaaktype(
        pool,
        "omgevingsvergunning",
        Besluit(klantcontacten=Keuze.AAN, behandelaar=Keuze.UIT),
        by="eigenaar",
        now=moment,
    )
    (row,) = await show(pool, "zaaktype", "omgevingsvergunning")
    assert (row["klantcontacten"], row["notificaties"]) == (True, True)
    assert row["notificatiesBehandelaar"] is False
    assert (row["door"], row["moment"]) == ("eigenaar", moment)
    rows = await pool.fetch("select door from zaaktype_besluit order by moment")
    assert [each[0] for each in rows] == ["beheerder", "eigenaar"]


async def test_an_import_that_changes_no_decision_puts_none_on_record(pool: Pool) -> None:
    await fill(pool, zaaktype())
    await fill(pool, zaaktype(omschrijving="anders"), time=LATER)
    assert await pool.fetchval("select count(*) from zaaktype_besluit") == 1


async def test_a_decision_stands_whatever_facts_come_until_it_is_taken_back(pool: Pool) -> None:
    await fill(pool, zaaktype())
    name, after = "omgevingsvergunning", LATER + timedelta(days=1)
    decided = Besluit(behandelaar=Keuze.UIT, klantcontacten=Keuze.UIT)
    await set_zaaktype(pool, name, decided, by="eigenaar", now=LATER)
    # The one does not name the behandelaar, the other one names both.
    await fill(pool, zaaktype(notificaties=False), time=after)
    await fill(pool, zaaktype(notificaties=False, notificatiesBehandelaar=True), time=after)
    (row,) = await show(pool, "zaaktype", name)
    assert [row[each] for each in _SETTINGS] == [False, False, False]
    assert (row["besloten"], row["feiten"]) == (
        ["klantcontacten", "notificatiesBehandelaar"],
        ["notificaties"],
    )
    async with transaction(pool) as connection:
        await fill(pool, zaak())
        found = (await zaken(connection, {ZAAK}))[ZAAK]
    used = (found.klantcontacten_toegestaan, found.notificaties, found.behandelaar)
    assert used == (False, False, False)

    await set_zaaktype(pool, name, Besluit(behandelaar=Keuze.FEITEN), by="eigenaar", now=after)
    (row,) = await show(pool, "zaaktype", name)
    assert [row[each] for each in _SETTINGS] == [False, False, True]
    assert row["besloten"] == ["klantcontacten"]


async def test_facts_that_a_decision_stands_before_put_no_change_on_record(pool: Pool) -> None:
    await fill(pool, zaaktype())
    decided = Besluit(klantcontacten=Keuze.UIT)
    await set_zaaktype(pool, "omgevingsvergunning", decided, by="eigenaar", now=LATER)
    await fill(pool, zaaktype(klantcontactenToegestaan=False), time=LATER)
    await fill(pool, zaaktype(klantcontactenToegestaan=True), time=LATER)
    assert await pool.fetchval("select count(*) from zaaktype_besluit") == 2


async def test_a_decision_keeps_no_newer_fact_out(pool: Pool) -> None:
    await fill(pool, zaaktype())
    decided = Besluit(klantcontacten=Keuze.UIT)
    await set_zaaktype(pool, "omgevingsvergunning", decided, by="eigenaar", now=LATER)
    newer = zaaktype(omschrijving="anders")
    assert await fill(pool, newer, time=LATER - timedelta(minutes=1)) == 1


async def test_a_decision_outlives_an_import_that_is_older(pool: Pool) -> None:
    await fill(pool, zaaktype(klantcontactenToegestaan=True))
    await set_zaaktype(
        pool,
        "omgevingsvergunning",
        Besluit(klantcontacten=Keuze.UIT, notificaties=Keuze.UIT),
        by="eigenaar",
        now=LATER,
    )
    await fill(pool, zaaktype(klantcontactenToegestaan=True), time=LATER - timedelta(minutes=1))
    (row,) = await show(pool, "zaaktype", None)
    assert (row["klantcontacten"], row["notificaties"]) == (False, False)


async def test_a_zaaktype_that_is_not_there_cannot_be_set(pool: Pool) -> None:
    done = await set_zaaktype(pool, "niets", Besluit(klantcontacten=Keuze.AAN), by="x", now=NOW)
    assert not done
    assert await pool.fetchval("select count(*) from zaaktype_besluit") == 0


async def test_each_kind_of_fact_is_shown_in_the_words_of_the_contract(pool: Pool) -> None:
    await fill(pool)
    (one,) = await show(pool, "zaak", ZAAK)
    assert (one["vertrouwelijkheidaanduiding"], one["betrokkenen"]) == ("zaakvertrouwelijk", 1)
    assert (await show(pool, "applicatie", None))[0]["clientIds"] == ["kcc", "mailrobot"]
    authorised = await show(pool, "autorisatie", "mdw-0042")
    assert authorised[0]["maxVertrouwelijkheidaanduiding"] == "zaakvertrouwelijk"
    assert await show(pool, "zaak", "niets") == []
