"""What FastStream and the plain callback do per message: as little as gives the same result.

Parsing by our own model, then one transaction that writes the contact, all columns of it, and
an outbox row. No inbox, no rules, no facts, no notifications, no log.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
from pydantic import TypeAdapter
from uuid_utils.compat import uuid7

from worker.domain.klantcontact import Afspraak, Gesprekspartner, Klantcontact

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Pool = asyncpg.Pool[asyncpg.Record]

_PARTNERS = TypeAdapter(tuple[Gesprekspartner, ...])
_AGREEMENTS = TypeAdapter(tuple[Afspraak, ...])

_CONTACT = """
    insert into klantcontact
        (id, zaak, datum_gezet, type, toelichting, onderwerp, initiatief, taal, vertrouwelijk,
         opvoerder_soort, opvoerder_identificatie, opvoerder_naam, opvoerder_organisatie,
         gesprekspartners, uitkomst, afspraken, correctie, vervolg_op,
         status_omschrijving, status_datum_gezet, applicatie, kanaal, geregistreerd)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::text::jsonb,
            $15::text::jsonb, $16::text::jsonb, $17, $18, null, null, $19, $20, $21)
"""
_OUTBOX = "insert into outbox (id, soort, onderwerp, beschikbaar) values ($1, 'mail', $2, $3)"


@asynccontextmanager
async def pool(url: str, size: int) -> AsyncIterator[Pool]:
    """All of its connections are open before the clock starts."""
    async with asyncpg.create_pool(
        url, min_size=size, max_size=size, server_settings={"search_path": "klantcontact"}
    ) as opened:
        yield opened


def parse(body: bytes) -> Klantcontact:
    """Bytes to a frozen model in one go, as our intake does."""
    return Klantcontact.model_validate_json(body)


async def store(opened: Pool, contact: Klantcontact, applicatie: str) -> None:
    """One transaction for one message."""
    now = datetime.now(UTC)
    row = _row(contact, applicatie, now)
    async with opened.acquire() as connection, connection.transaction():
        await connection.execute(_CONTACT, *row)
        await connection.execute(_OUTBOX, uuid7(), row[0], now)


def _row(contact: Klantcontact, applicatie: str, now: datetime) -> tuple[Any, ...]:
    opvoerder = contact.opvoerder
    return (
        uuid7(),
        contact.zaak,
        contact.datum_gezet,
        contact.type.value,
        contact.toelichting,
        contact.onderwerp,
        contact.initiatief,
        contact.taal,
        contact.vertrouwelijk,
        opvoerder.soort.value,
        opvoerder.identificatie,
        opvoerder.naam,
        opvoerder.organisatie,
        _PARTNERS.dump_json(contact.gesprekspartners).decode(),
        contact.uitkomst.model_dump_json() if contact.uitkomst else None,
        _AGREEMENTS.dump_json(contact.afspraken).decode(),
        contact.correctie,
        contact.vervolg_op,
        applicatie,
        applicatie,
        now,
    )
