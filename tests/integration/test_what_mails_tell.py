"""Whatever a klantcontact holds, its mails say how and when, and nothing that was said."""

from __future__ import annotations

from base64 import b64encode
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any

import pytest

from tests.contacts import NOW, opvoerder
from tests.facts import betrokkene, fill, zaak
from tests.posted import due_mails
from tests.registering import ANNOUNCER, store
from tests.registrations import registration
from worker.domain.notifications import Soort
from worker.finishing import Finisher
from worker.postgres.outbox import PostgresOutbox
from worker.settings import Settings

if TYPE_CHECKING:
    from email.message import EmailMessage

    from worker.postgres.pool import Pool

MARK = "geheim"
PEOPLE = [
    betrokkene(
        identificatie=f"nummer-{role}-{taal}",
        rol=role,
        naam=f"Naam {role} {taal}",
        email=f"{role}.{taal}@example.nl",
        taal=taal,
    )
    for role in ("initiator", "behandelaar")
    for taal in ("nl", "en")
]


def marked(what: str) -> str:
    return f"{MARK} {what}"


def told_everything() -> dict[str, Any]:
    return {
        "toelichting": marked("toelichting"),
        "onderwerp": marked("onderwerp"),
        "vertrouwelijk": True,
        "opvoerder": opvoerder(naam=marked("opvoerder"), organisatie=marked("organisatie")),
        "gesprekspartners": [
            {"rol": "partner", "naam": marked("gesprekspartner"), "identificatie": f"{MARK}-1"}
        ],
        "uitkomst": {"gelukt": True, "omschrijving": marked("uitkomst")},
        "afspraken": [{"omschrijving": marked("afspraak"), "door": marked("door")}],
        "documenten": [
            {
                "titel": marked("titel"),
                "formaat": "text/plain",
                "auteur": marked("auteur"),
                "inhoud": b64encode(marked("document").encode()).decode(),
            }
        ],
    }


@pytest.fixture
async def told(pool: Pool) -> dict[str, EmailMessage]:
    """Every mail that such a klantcontact brings about, by its address."""
    await fill(pool)
    status = {"omschrijving": marked("status"), "datumGezet": "2026-11-01T09:00:00+01:00"}
    await fill(pool, zaak(betrokkenen=PEOPLE, status=status))
    await store(pool, registration(**told_everything()))
    await pool.execute("delete from outbox where soort <> 'mail'")
    finisher = Finisher(Settings())
    outbox = PostgresOutbox(pool, ANNOUNCER)
    due = await due_mails(outbox, NOW, NOW, 10)
    made = {each.facts.adres: finisher.finish(each.facts).content for each in due}
    parser = BytesParser(policy=policy.default)
    return {address: parser.parsebytes(content) for address, content in made.items()}


def _all_text(mail: EmailMessage) -> str:
    headers = [f"{name}: {value}" for name, value in mail.items()]
    parts = [part.get_content() for part in mail.iter_parts()]
    assert len(parts) == 2
    return "\n".join((*headers, *parts))


async def test_every_kind_and_language_is_looked_at(told: dict[str, EmailMessage]) -> None:
    assert set(told) == {person["email"] for person in PEOPLE}
    assert len({mail["Subject"] for mail in told.values()}) == len(Soort) * 2


async def test_nothing_that_was_said_or_kept_is_in_any_mail(told: dict[str, EmailMessage]) -> None:
    for address, mail in told.items():
        assert MARK not in _all_text(mail).lower(), address


async def test_nobody_is_named_to_anybody_else(told: dict[str, EmailMessage]) -> None:
    for person in PEOPLE:
        for address, mail in told.items():
            text = _all_text(mail)
            if address == person["email"]:
                assert person["naam"] in text
                continue
            for other in (person["naam"], person["email"], person["identificatie"]):
                assert other not in text, address
