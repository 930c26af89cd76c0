"""The register as people read and set it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
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
               coalesce(z.besluit_klantcontacten, z.klantcontacten_toegestaan) as "klantcontacten",
               coalesce(z.besluit_notificaties, z.notificaties) as "notificaties",
               coalesce(z.besluit_behandelaar, z.notificaties_behandelaar)
                   as "notificatiesBehandelaar",
               array_remove(array[
                   case when z.besluit_klantcontacten is not null then 'klantcontacten' end,
                   case when z.besluit_notificaties is not null then 'notificaties' end,
                   case when z.besluit_behandelaar is not null then 'notificatiesBehandelaar' end
               ], null) as "besloten",
               array_remove(array[
                   case when z.besluit_klantcontacten is null then 'klantcontacten' end,
                   case when z.besluit_notificaties is null then 'notificaties' end,
                   case when z.besluit_behandelaar is null then 'notificatiesBehandelaar' end
               ], null) as "feiten",
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


class Keuze(StrEnum):
    """What a process owner decides of a setting."""

    AAN = "aan"
    UIT = "uit"
    FEITEN = "feiten"
    """Nothing any more: the facts hold again."""


@dataclass(frozen=True, slots=True)
class Besluit:
    """What the process owner decides of a zaaktype (S8); None leaves it as it is."""

    klantcontacten: Keuze | None = None
    notificaties: Keuze | None = None
    behandelaar: Keuze | None = None


async def set_zaaktype(
    pool: Pool, identificatie: str, besluit: Besluit, *, by: str, now: datetime
) -> bool:
    """Decide what is not None, until it is decided again; False if there is no such zaaktype."""
    async with transaction(pool) as connection:
        row = await connection.fetchrow(
            """
            update zaaktype set
                besluit_klantcontacten = case $2::text when 'aan' then true when 'uit' then false
                    when 'feiten' then null else besluit_klantcontacten end,
                besluit_notificaties = case $3::text when 'aan' then true when 'uit' then false
                    when 'feiten' then null else besluit_notificaties end,
                besluit_behandelaar = case $4::text when 'aan' then true when 'uit' then false
                    when 'feiten' then null else besluit_behandelaar end
            where identificatie = $1
            returning coalesce(besluit_klantcontacten, klantcontacten_toegestaan),
                      coalesce(besluit_notificaties, notificaties),
                      coalesce(besluit_behandelaar, notificaties_behandelaar)
            """,
            identificatie,
            besluit.klantcontacten,
            besluit.notificaties,
            besluit.behandelaar,
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
