"""Of a klantcontact that is vertrouwelijk nothing is shown that nobody asked to see."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.contacts import TOELICHTING, ZAAK, opvoerder
from tests.facts import fill
from tests.registering import store
from tests.registrations import registration
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from worker.registration import Registration

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

HIDDEN = {
    "onderwerp": "gemerkt-onderwerp",
    "opvoerder": "gemerkte-opvoerder",
    "naam": "gemerkte-partner",
    "identificatie": "gemerkt-pseudoniem",
    "uitkomst": "gemerkte-uitkomst",
    "afspraak": "gemerkte-afspraak",
    "door": "gemerkte-uitvoerder",
    "titel": "gemerkte-titel",
    "auteur": "gemerkte-auteur",
    "url": "https://gemerkt.example.nl/1",
    "toelichting": TOELICHTING,
}
SHOWN = ("KCC", "klant", "not reached", "2026-12-01", "text/plain", "In behandeling", "initiator")


def _contact(*, vertrouwelijk: bool) -> Registration:
    """With every field that is hidden, each marked."""
    return registration(
        vertrouwelijk=vertrouwelijk,
        onderwerp=HIDDEN["onderwerp"],
        opvoerder=opvoerder(naam=HIDDEN["opvoerder"], organisatie="KCC"),
        gesprekspartners=[
            {"rol": "klant", "naam": HIDDEN["naam"], "identificatie": HIDDEN["identificatie"]},
            {"rol": "tolk"},
        ],
        uitkomst={"gelukt": False, "omschrijving": HIDDEN["uitkomst"]},
        afspraken=[
            {
                "omschrijving": HIDDEN["afspraak"],
                "uiterlijk": "2026-12-01",
                "door": HIDDEN["door"],
            }
        ],
        documenten=[
            {
                "titel": HIDDEN["titel"],
                "formaat": "text/plain",
                "auteur": HIDDEN["auteur"],
                "url": HIDDEN["url"],
                "sha256": "ab" * 32,
            }
        ],
    )


def _kept(database: str, asked: Registration) -> Registration:
    async def keep() -> None:
        async with connected(database, size=2) as pool:
            await fill(pool)
            await store(pool, asked)

    asyncio.run(keep())
    return asked


@pytest.fixture
def confidential(database: str) -> str:
    """The id of one that is vertrouwelijk."""
    return str(_kept(database, _contact(vertrouwelijk=True)).id)


def _commands(contact: str) -> list[tuple[str, ...]]:
    asked = (("dossier", ZAAK), ("klantcontact", contact))
    return [(*each, *form) for each in asked for form in ((), ("--json",))]


def test_nothing_of_it_is_shown_that_nobody_asked_to_see(
    run: Run, rows: Rows, confidential: str
) -> None:
    for arguments in _commands(confidential):
        shown = run(*arguments).stdout
        assert [each for each in HIDDEN.values() if each in shown] == [], arguments
        assert "mdw-0042" not in shown
    assert rows("select * from inzage") == []


def test_when_and_how_it_was_stays_to_be_seen(run: Run, confidential: str) -> None:
    for page in (("dossier", ZAAK), ("klantcontact", confidential)):
        shown = run(*page).stdout
        assert [each for each in SHOWN if each not in shown] == []


def test_a_page_marks_it_and_fits_a_terminal(run: Run, confidential: str) -> None:
    for page in (("dossier", ZAAK), ("klantcontact", confidential)):
        shown = run(*page).stdout
        assert "call  vertrouwelijk  •••, KCC" in shown
        assert "--reveal" in shown
        assert max(len(line) for line in shown.splitlines()) <= 80


def test_json_marks_it_and_masks_values_only(run: Run, confidential: str) -> None:
    found = json.loads(run("klantcontact", confidential, "--json").stdout)
    assert found["vertrouwelijk"] is True
    assert found["gesprekspartners"][1] == {"rol": "tolk", "naam": None, "identificatie": None}
    assert found["uitkomst"] == {"gelukt": False, "omschrijving": "•••"}
    assert found["afspraken"][0]["uiterlijk"] == "2026-12-01"
    assert found["documenten"][0]["sha256"] == "ab" * 32


def test_it_is_revealed_to_who_asks_and_that_is_on_record(
    run: Run, rows: Rows, confidential: str
) -> None:
    for arguments in _commands(confidential):
        shown = "".join(run(*arguments, "--reveal", "--as", "jan").stdout.split())
        only_in_json = set() if "--json" in arguments else {"identificatie", "auteur"}
        wanted = [value for name, value in HIDDEN.items() if name not in only_in_json]
        assert [each for each in wanted if each.replace(" ", "") not in shown] == [], arguments
    assert rows("select door, onderwerp, count(*) from inzage group by 1, 2 order by 2") == [
        ("jan", f"dossier {ZAAK}", 2),
        ("jan", f"klantcontact {confidential}", 2),
    ]


def test_where_there_is_no_toelichting_the_page_says_how_to_see_it(run: Run, database: str) -> None:
    document = {"titel": "notitie", "formaat": "text/plain", "inhoud": "aGFsbG8="}
    _kept(database, registration(vertrouwelijk=True, toelichting=..., documenten=[document]))
    assert "masked       --reveal shows all of it" in run("dossier", ZAAK).stdout


def test_of_one_that_is_not_only_the_toelichting_is_masked(run: Run, database: str) -> None:
    _kept(database, _contact(vertrouwelijk=False))
    for arguments in (("dossier", ZAAK), ("dossier", ZAAK, "--json")):
        shown = "".join(run(*arguments).stdout.split())
        assert TOELICHTING.replace(" ", "") not in shown
        assert HIDDEN["onderwerp"] in shown
        assert HIDDEN["opvoerder"] in shown
        assert HIDDEN["titel"] in shown


def test_why_somebody_put_it_right_is_hidden_too(run: Run, rows: Rows, confidential: str) -> None:
    rows(
        "insert into herstel select id, 1, 'jan', now(), 'gemerkte-reden', '{onderwerp}'"
        " from klantcontact returning door"
    )
    page = run("klantcontact", confidential).stdout
    assert "by jan: onderwerp" in page
    assert "gemerkte-reden" not in page
    assert "gemerkte-reden" not in run("klantcontact", confidential, "--json").stdout
