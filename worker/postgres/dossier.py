"""The dossier as people read it: every contact of a zaak, in time order, in one place (S1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uuid_utils.compat import uuid7

from worker.postgres.beside import beside
from worker.postgres.contact_document import contact_document, status_document
from worker.postgres.failures import translated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from worker.postgres.pool import Pool


async def dossier(pool: Pool, zaak: str, *, reveal: bool) -> dict[str, Any] | None:
    """The zaak and its klantcontacten, oldest first; None if there is no such zaak."""
    with translated():
        found = await pool.fetchrow(
            """
            select z.identificatie, z.omschrijving, z.zaaktype, z.startdatum, z.einddatum,
                   z.status_omschrijving, z.status_datum_gezet
            from zaak as z where z.identificatie = $1
            """,
            zaak,
        )
        if found is None:
            return None
        rows = await pool.fetch(
            "select * from klantcontact where zaak = $1 order by datum_gezet, id", zaak
        )
    return {
        "zaak": found["identificatie"],
        "omschrijving": found["omschrijving"],
        "zaaktype": found["zaaktype"],
        "startdatum": found["startdatum"],
        "einddatum": found["einddatum"],
        "status": status_document(found),
        "klantcontacten": await _contacts(pool, rows, reveal=reveal),
    }


async def klantcontact(pool: Pool, identity: UUID, *, reveal: bool) -> dict[str, Any] | None:
    """One klantcontact; None if there is none with this id."""
    with translated():
        rows = await pool.fetch("select * from klantcontact where id = $1", identity)
    found = await _contacts(pool, rows, reveal=reveal)
    return found[0] if found else None


async def without_zaak(
    pool: Pool, most: int, after: UUID | None = None, *, reveal: bool = False
) -> list[dict[str, Any]]:
    """Up to `most` klantcontacten of no zaak, the last one registered first, from `after` on."""
    with translated():
        rows = await pool.fetch(
            """
            select * from klantcontact
            where zaak is null and ($1::uuid is null or id < $1)
            order by id desc limit $2
            """,
            after,
            most,
        )
    return await _contacts(pool, rows, reveal=reveal)


async def document(pool: Pool, identity: UUID) -> tuple[str, bytes | None, str | None] | None:
    """Title, content and url of a document; None if there is none with this id."""
    with translated():
        row = await pool.fetchrow(
            """
            select d.titel, i.inhoud, d.url
            from document as d
            left join document_inhoud as i on i.sha256 = d.sha256 and d.url is null
            where d.id = $1
            """,
            identity,
        )
    return None if row is None else (row[0], row[1], row[2])


async def put_on_record(pool: Pool, by: str, now: datetime, *subjects: str) -> None:
    """Who looked at what is masked; committed before it is shown."""
    with translated():
        await pool.execute(
            """
            insert into inzage (id, door, onderwerp, moment)
            select id, $3, onderwerp, $4 from unnest($1::uuid[], $2::text[]) as i (id, onderwerp)
            """,
            [uuid7() for _ in subjects],
            subjects,
            by,
            now,
        )


async def _contacts(
    pool: Pool, rows: Sequence[asyncpg.Record], *, reveal: bool
) -> list[dict[str, Any]]:
    found = await beside(pool, [row["id"] for row in rows])
    return [contact_document(row, found, reveal=reveal) for row in rows]
