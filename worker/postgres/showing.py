"""The register as people read and set it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uuid_utils.compat import uuid7

from worker.domain.facts import Vertrouwelijkheid
from worker.postgres.failures import translated
from worker.postgres.pool import transaction

if TYPE_CHECKING:
    from datetime import datetime

    from worker.postgres.pool import Pool

_QUERIES = {
    "zaaktype": """
        select z.identificatie, z.omschrijving,
               z.klantcontacten_toegestaan as "klantcontacten", z.notificaties,
               z.notificaties_behandelaar as "notificatiesBehandelaar",
               b.door, b.moment
        from zaaktype as z
        left join lateral (
            select door, moment from zaaktype_besluit
            where zaaktype = z.identificatie order by moment desc limit 1
        ) as b on true
        where $1::text is null or z.identificatie = $1
        order by z.identificatie
    """,
    "zaak": """
        select identificatie, zaaktype, omschrijving, startdatum, einddatum,
               status_omschrijving as "status", vertrouwelijkheidaanduiding,
               (select count(*) from betrokkene where zaak = z.identificatie) as "betrokkenen"
        from zaak as z
        where $1::text is null or identificatie = $1
        order by identificatie limit 1000
    """,
    "applicatie": """
        select identificatie, kanaal, types, client_ids as "clientIds" from applicatie
        where $1::text is null or identificatie = $1
        order by identificatie
    """,
    "autorisatie": """
        select onderwerp, identificatie, zaaktype, scopes,
               max_vertrouwelijkheidaanduiding as "maxVertrouwelijkheidaanduiding"
        from autorisatie
        where $1::text is null or identificatie = $1
        order by onderwerp, identificatie, zaaktype
    """,
}
_RANKED = {"vertrouwelijkheidaanduiding", "maxVertrouwelijkheidaanduiding"}


async def show(pool: Pool, soort: str, identificatie: str | None) -> list[dict[str, Any]]:
    """The facts of a kind, or the ones named; at most 1000 zaken."""
    with translated():
        rows = await pool.fetch(_QUERIES[soort], identificatie)
    return [{name: _readable(name, value) for name, value in row.items()} for row in rows]


def _readable(name: str, value: Any) -> Any:  # noqa: ANN401 (whatever a column holds)
    return Vertrouwelijkheid(value).name if name in _RANKED else value


@dataclass(frozen=True, slots=True)
class Besluit:
    """What the process owner decides of a zaaktype (S8); None leaves it as it is."""

    klantcontacten: bool | None = None
    notificaties: bool | None = None
    behandelaar: bool | None = None


async def set_zaaktype(
    pool: Pool, identificatie: str, besluit: Besluit, *, by: str, now: datetime
) -> bool:
    """Change what is not None, from now on; False if there is no such zaaktype."""
    async with transaction(pool) as connection:
        row = await connection.fetchrow(
            """
            update zaaktype set
                klantcontacten_toegestaan = coalesce($2, klantcontacten_toegestaan),
                notificaties = coalesce($3, notificaties),
                notificaties_behandelaar = coalesce($4, notificaties_behandelaar),
                tijd = greatest(tijd, $5)
            where identificatie = $1
            returning klantcontacten_toegestaan, notificaties, notificaties_behandelaar
            """,
            identificatie,
            besluit.klantcontacten,
            besluit.notificaties,
            besluit.behandelaar,
            now,
        )
        if row is None:
            return False
        await connection.execute(
            """
            insert into zaaktype_besluit
                (id, zaaktype, klantcontacten_toegestaan, notificaties, notificaties_behandelaar,
                 door, moment)
            values ($1, $2, $3, $4, $5, $6, $7)
            """,
            uuid7(),
            identificatie,
            *row,
            by,
            now,
        )
    return True
