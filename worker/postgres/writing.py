"""Storing what was registered: klantcontact, documents, notifications and the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from uuid_utils.compat import uuid7

from worker.domain.klantcontact import Afspraak, Gesprekspartner, Uitkomst

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.intake import Acceptance, Registration
    from worker.postgres.pool import Connection

OUTBOX_CHANNEL = "klantcontact_outbox"

_PARTNERS: TypeAdapter[tuple[Gesprekspartner, ...]] = TypeAdapter(tuple[Gesprekspartner, ...])
_AGREEMENTS: TypeAdapter[tuple[Afspraak, ...]] = TypeAdapter(tuple[Afspraak, ...])


async def store(connection: Connection, accepted: Sequence[Acceptance], now: datetime) -> None:
    """Write all rows of all registrations, a statement per table."""
    await _klantcontacten(connection, accepted, now)
    await _documenten(connection, [each.registration for each in accepted])
    await _notificaties(connection, accepted, now)


async def _klantcontacten(
    connection: Connection, accepted: Sequence[Acceptance], now: datetime
) -> None:
    await connection.execute(
        """
        insert into klantcontact
            (id, zaak, datum_gezet, type, toelichting, onderwerp, initiatief, taal, vertrouwelijk,
             opvoerder_soort, opvoerder_identificatie, opvoerder_naam, opvoerder_organisatie,
             gesprekspartners, uitkomst, afspraken, correctie, vervolg_op,
             status_omschrijving, status_datum_gezet, applicatie, kanaal, geregistreerd)
        select id, zaak, datum_gezet, type, toelichting, onderwerp, initiatief, taal,
             vertrouwelijk, opvoerder_soort, opvoerder_identificatie, opvoerder_naam,
             opvoerder_organisatie, gesprekspartners::jsonb, uitkomst::jsonb, afspraken::jsonb,
             correctie, vervolg_op, status_omschrijving, status_datum_gezet, applicatie, kanaal,
             $23
        from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[],
                    $6::text[], $7::text[], $8::text[], $9::bool[], $10::text[], $11::text[],
                    $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::bool[],
                    $18::uuid[], $19::text[], $20::timestamptz[], $21::text[], $22::text[])
            as nieuw (id, zaak, datum_gezet, type, toelichting, onderwerp, initiatief, taal,
                      vertrouwelijk, opvoerder_soort, opvoerder_identificatie, opvoerder_naam,
                      opvoerder_organisatie, gesprekspartners, uitkomst, afspraken, correctie,
                      vervolg_op, status_omschrijving, status_datum_gezet, applicatie, kanaal)
        """,
        *_columns(_klantcontact(each) for each in accepted),
        now,
    )


def _klantcontact(accepted: Acceptance) -> tuple[Any, ...]:
    registration, zaak = accepted.registration, accepted.decision.zaak
    contact, opvoerder = registration.klantcontact, registration.klantcontact.opvoerder
    status = zaak.status if zaak else None
    return (
        registration.id,
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
        _PARTNERS.dump_json(contact.gesprekspartners).decode()
        if contact.gesprekspartners
        else None,
        _json(contact.uitkomst),
        _AGREEMENTS.dump_json(contact.afspraken).decode() if contact.afspraken else None,
        contact.correctie,
        contact.vervolg_op,
        status.omschrijving if status else None,
        status.datum_gezet if status else None,
        registration.envelope.applicatie,
        registration.kanaal,
    )


def _json(part: Uitkomst | None) -> str | None:
    return None if part is None else part.model_dump_json()


async def _documenten(connection: Connection, registered: Sequence[Registration]) -> None:
    rows = [row for each in registered for row in _documents(each)]
    if not rows:
        return
    contents = {
        bytes.fromhex(document.sha256): document.inhoud
        for each in registered
        for document in each.klantcontact.documenten
        if document.inhoud is not None and document.sha256 is not None
    }
    in_order = sorted(contents)
    await connection.execute(
        """
        insert into document_inhoud (sha256, inhoud)
        select * from unnest($1::bytea[], $2::bytea[]) on conflict do nothing
        """,
        in_order,
        [contents[digest] for digest in in_order],
    )
    await connection.execute(
        """
        insert into document
            (id, klantcontact, volgnummer, titel, formaat, auteur, creatiedatum, omvang, sha256,
             url)
        select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[],
             $6::text[], $7::date[], $8::bigint[], $9::bytea[], $10::text[])
        """,
        *_columns(rows),
    )


def _documents(registered: Registration) -> Iterable[tuple[Any, ...]]:
    for number, document in enumerate(registered.klantcontact.documenten, start=1):
        yield (
            uuid7(),
            registered.id,
            number,
            document.titel,
            document.formaat,
            document.auteur,
            document.creatiedatum,
            document.omvang,
            bytes.fromhex(document.sha256 or ""),
            document.url,
        )


async def _notificaties(
    connection: Connection, accepted: Sequence[Acceptance], now: datetime
) -> None:
    """One notificatie per betrokkene, one mail per address, one outbox row per mail."""
    mails: list[tuple[Any, ...]] = []
    rows: list[tuple[Any, ...]] = []
    for each in accepted:
        _plan(each, mails, rows)
    if not rows:
        return
    if mails:
        await connection.execute(
            """
            with nieuw as (
                insert into mail (id, zaak, adres, naam, taal, toestand, gemaakt)
                select id, zaak, adres, naam, taal, 'wacht', $6
                from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
                    as nieuw (id, zaak, adres, naam, taal)
            ), uit as (
                insert into outbox (id, soort, onderwerp, beschikbaar)
                select id, 'mail', id, $6 from unnest($1::uuid[]) as nieuw (id)
            )
            select pg_notify($7, '')
            """,
            *_columns(mails),
            now,
            OUTBOX_CHANNEL,
        )
    await connection.execute(
        """
        insert into notificatie (klantcontact, betrokkene, rol, toestand, reden, mail)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[])
        """,
        *_columns(rows),
    )


def _plan(accepted: Acceptance, mails: list[tuple[Any, ...]], rows: list[tuple[Any, ...]]) -> None:
    registration = accepted.registration
    by_address: dict[str, UUID] = {}
    for each in accepted.decision.notifications:
        person = each.betrokkene
        mail: UUID | None = None
        if each.withheld is None and person.email is not None:
            mail = by_address.get(person.email.casefold())
            if mail is None:
                mail = by_address[person.email.casefold()] = uuid7()
                mails.append(
                    (mail, registration.klantcontact.zaak, person.email, person.naam, person.taal)
                )
        state = "achterwege" if mail is None else "opgenomen"
        rows.append((registration.id, person.identificatie, person.rol, state, each.withheld, mail))


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
