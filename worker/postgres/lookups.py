"""The register's facts for a batch, in a constant number of statements."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from worker.domain.facts import (
    Applicatie,
    Autorisatie,
    Betrokkene,
    Facts,
    Status,
    Subject,
    Vertrouwelijkheid,
    Zaak,
)
from worker.domain.question import opvoerder_subjects

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from worker.postgres.pool import Connection
    from worker.registration import Registration


async def facts(connection: Connection, asked: Sequence[Registration]) -> Facts:
    """Zaken, applicaties, autorisaties and earlier klantcontacten that `asked` refers to."""
    contacts = [each.klantcontact for each in asked]
    subjects = {("applicatie", each.envelope.applicatie) for each in asked}
    subjects |= {
        subject
        for each in asked
        for subject in opvoerder_subjects(each.klantcontact, each.identity)
    }
    return Facts(
        zaken=await zaken(connection, {each.zaak for each in contacts if each.zaak}),
        applicaties=await _applicaties(connection, {each.envelope.applicatie for each in asked}),
        autorisaties=await _autorisaties(connection, subjects),
        eerdere=await _eerdere(
            connection, {each.vervolg_op for each in contacts if each.vervolg_op}
        ),
    )


async def zaken(connection: Connection, identificaties: set[str]) -> dict[str, Zaak]:
    """Locked against change until the commit (S3), in key order."""
    if not identificaties:
        return {}
    wanted = list(identificaties)
    rows = await connection.fetch(
        """
        select z.identificatie, z.zaaktype, z.einddatum, z.vertrouwelijkheidaanduiding,
               z.status_omschrijving, z.status_datum_gezet,
               coalesce(t.besluit_klantcontacten, t.klantcontacten_toegestaan, false),
               coalesce(t.besluit_notificaties, t.notificaties, false),
               coalesce(t.besluit_behandelaar, t.notificaties_behandelaar, false)
        from zaak as z left join zaaktype as t on t.identificatie = z.zaaktype
        where z.identificatie = any ($1::text[])
        order by z.identificatie
        for share of z
        """,
        wanted,
    )
    people = await _betrokkenen(connection, wanted)
    return {row[0]: _zaak(row, tuple(people.get(row[0], ()))) for row in rows}


def _zaak(row: asyncpg.Record, betrokkenen: tuple[Betrokkene, ...]) -> Zaak:
    return Zaak(
        identificatie=row[0],
        zaaktype=row[1],
        einddatum=row[2],
        vertrouwelijkheid=Vertrouwelijkheid(row[3]),
        status=None if row[4] is None else Status(row[4], row[5]),
        klantcontacten_toegestaan=row[6],
        notificaties=row[7],
        behandelaar=row[8],
        betrokkenen=betrokkenen,
    )


async def _betrokkenen(connection: Connection, zaken: list[str]) -> dict[str, list[Betrokkene]]:
    rows = await connection.fetch(
        """
        select b.zaak, b.identificatie, b.rol, b.naam, b.email, b.taal, b.notificaties,
               o.adres is not null
        from betrokkene as b
        left join onbestelbaar as o on o.adres = lower(b.email collate "C")
        where b.zaak = any ($1::text[])
        order by b.zaak, b.volgnummer
        """,
        zaken,
    )
    found: dict[str, list[Betrokkene]] = defaultdict(list)
    for zaak, *values in rows:
        found[zaak].append(Betrokkene(*values))
    return found


async def _applicaties(connection: Connection, identificaties: set[str]) -> dict[str, Applicatie]:
    rows = await connection.fetch(
        """
        select identificatie, kanaal, types, client_ids from applicatie
        where identificatie = any ($1::text[])
        """,
        list(identificaties),
    )
    return {
        row[0]: Applicatie(row[0], row[1], frozenset(row[2]), frozenset(row[3])) for row in rows
    }


async def _autorisaties(
    connection: Connection, subjects: set[Subject]
) -> dict[Subject, tuple[Autorisatie, ...]]:
    in_order = sorted(subjects)
    rows = await connection.fetch(
        """
        select a.onderwerp, a.identificatie, a.zaaktype, a.scopes,
               a.max_vertrouwelijkheidaanduiding
        from unnest($1::text[], $2::text[]) as gevraagd (onderwerp, identificatie)
        join autorisatie as a using (onderwerp, identificatie)
        """,
        [subject[0] for subject in in_order],
        [subject[1] for subject in in_order],
    )
    found: dict[Subject, tuple[Autorisatie, ...]] = {}
    for onderwerp, identificatie, zaaktype, scopes, maximum in rows:
        one = Autorisatie(zaaktype, frozenset(scopes), Vertrouwelijkheid(maximum))
        found[onderwerp, identificatie] = (*found.get((onderwerp, identificatie), ()), one)
    return found


async def _eerdere(connection: Connection, ids: set[UUID]) -> dict[UUID, str | None]:
    if not ids:
        return {}
    rows = await connection.fetch(
        "select id, zaak from klantcontact where id = any ($1::uuid[])", list(ids)
    )
    return {row[0]: row[1] for row in rows}
