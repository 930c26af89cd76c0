"""The dossier as people read it: every contact of a zaak, in time order, in one place (S1)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson
from uuid_utils.compat import uuid7

from worker.postgres.pool import translated
from worker.postgres.told import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from worker.postgres.pool import Pool
    from worker.postgres.told import Told

_MASKED = "(masked; --reveal shows it, and that is kept on record)"


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
        "status": _status(found),
        "klantcontacten": await _contacts(pool, rows, reveal=reveal),
    }


async def klantcontact(pool: Pool, identity: UUID, *, reveal: bool) -> dict[str, Any] | None:
    """One klantcontact; None if there is none with this id."""
    with translated():
        rows = await pool.fetch("select * from klantcontact where id = $1", identity)
    found = await _contacts(pool, rows, reveal=reveal)
    return found[0] if found else None


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


async def put_on_record(pool: Pool, by: str, subject: str, now: datetime) -> None:
    """Who looked at what is masked; committed before it is shown."""
    with translated():
        await pool.execute(
            "insert into inzage (id, door, onderwerp, moment) values ($1, $2, $3, $4)",
            uuid7(),
            by,
            subject,
            now,
        )


async def _contacts(
    pool: Pool, rows: Sequence[asyncpg.Record], *, reveal: bool
) -> list[dict[str, Any]]:
    ids = [row["id"] for row in rows]
    with translated():
        documents = await pool.fetch(
            """
            select klantcontact, id, titel, formaat, omvang, auteur, creatiedatum, url, sha256
            from document where klantcontact = any ($1::uuid[]) order by klantcontact, volgnummer
            """,
            ids,
        )
        heard = await told(pool, ids)
    by_contact = _grouped(documents)
    return [
        _contact(row, by_contact[row["id"]], heard.get(row["id"], ()), reveal=reveal)
        for row in rows
    ]


def _grouped(rows: Iterable[asyncpg.Record]) -> dict[UUID, list[dict[str, Any]]]:
    groups: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        values = dict(row)
        if "sha256" in values:
            values["sha256"] = values["sha256"].hex()
        groups[values.pop("klantcontact")].append(values)
    return groups


def _contact(
    row: asyncpg.Record,
    documents: list[dict[str, Any]],
    heard: Sequence[Told],
    *,
    reveal: bool,
) -> dict[str, Any]:
    toelichting = row["toelichting"]
    return {
        "id": row["id"],
        "zaak": row["zaak"],
        "datumGezet": row["datum_gezet"],
        "type": row["type"],
        "kanaal": row["kanaal"],
        "applicatie": row["applicatie"],
        "geregistreerd": row["geregistreerd"],
        "status": _status(row),
        "onderwerp": row["onderwerp"],
        "toelichting": toelichting if reveal or toelichting is None else _MASKED,
        "initiatief": row["initiatief"],
        "taal": row["taal"],
        "vertrouwelijk": row["vertrouwelijk"],
        "opvoerder": {
            "soort": row["opvoerder_soort"],
            "identificatie": row["opvoerder_identificatie"],
            "naam": row["opvoerder_naam"],
            "organisatie": row["opvoerder_organisatie"],
        },
        "gesprekspartners": _parsed(row["gesprekspartners"]) or [],
        "uitkomst": _parsed(row["uitkomst"]),
        "afspraken": _parsed(row["afspraken"]) or [],
        "documenten": documents,
        "correctie": row["correctie"],
        "vervolgOp": row["vervolg_op"],
        "geforceerd": row["geforceerd"],
        "notificaties": [each.document() for each in heard],
    }


def _status(row: asyncpg.Record) -> dict[str, Any] | None:
    if row["status_omschrijving"] is None:
        return None
    return {"omschrijving": row["status_omschrijving"], "datumGezet": row["status_datum_gezet"]}


def _parsed(text: str | None) -> Any:  # noqa: ANN401 (JSON)
    return None if text is None else orjson.loads(text)
