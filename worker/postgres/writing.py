"""Storing what was registered: klantcontact, documents and the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from uuid_utils.compat import uuid7

from worker.domain.klantcontact import Afspraak, Gesprekspartner, Uitkomst
from worker.outcomes import Event, Reply
from worker.postgres.waiting import OUTBOX_CHANNEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from worker.outcomes import Announcement
    from worker.postgres.notifying import Posted
    from worker.postgres.pool import Connection
    from worker.registration import Acceptance, Registration

_PARTNERS: TypeAdapter[tuple[Gesprekspartner, ...]] = TypeAdapter(tuple[Gesprekspartner, ...])
_AGREEMENTS: TypeAdapter[tuple[Afspraak, ...]] = TypeAdapter(tuple[Afspraak, ...])


async def store(connection: Connection, accepted: Sequence[Acceptance], now: datetime) -> None:
    """Write all rows of all registrations, a COPY per table.

    COPY takes rows as they are: by unnest, asyncpg looks at every element of every column for
    nested arrays, and PostgreSQL takes the arrays apart again.
    """
    await connection.copy_records_to_table(
        "klantcontact",
        columns=_COLUMNS,
        records=[_klantcontact(each, now) for each in accepted],
    )
    await _documenten(connection, [each.registration for each in accepted])


_COLUMNS = (
    "id",
    "zaak",
    "datum_gezet",
    "type",
    "toelichting",
    "onderwerp",
    "initiatief",
    "taal",
    "vertrouwelijk",
    "opvoerder_soort",
    "opvoerder_identificatie",
    "opvoerder_naam",
    "opvoerder_organisatie",
    "gesprekspartners",
    "uitkomst",
    "afspraken",
    "correctie",
    "vervolg_op",
    "geforceerd",
    "status_omschrijving",
    "status_datum_gezet",
    "applicatie",
    "kanaal",
    "geregistreerd",
)


def _klantcontact(accepted: Acceptance, now: datetime) -> tuple[Any, ...]:
    """One row, in the order of _COLUMNS."""
    registration, zaak = accepted.registration, accepted.decision.zaak
    contact, opvoerder = registration.klantcontact, registration.klantcontact.opvoerder
    status = zaak.status if zaak else None
    return (
        registration.id,
        contact.zaak,
        contact.datum_gezet,
        contact.type,
        contact.toelichting,
        contact.onderwerp,
        contact.initiatief,
        contact.taal,
        contact.vertrouwelijk,
        opvoerder.soort,
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
        accepted.decision.forced,
        status.omschrijving if status else None,
        status.datum_gezet if status else None,
        registration.envelope.applicatie,
        registration.kanaal,
        now,
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
    await connection.copy_records_to_table("document", columns=_DOCUMENT_COLUMNS, records=rows)


_DOCUMENT_COLUMNS = (
    "id",
    "klantcontact",
    "volgnummer",
    "titel",
    "formaat",
    "auteur",
    "creatiedatum",
    "omvang",
    "sha256",
    "url",
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


async def send(
    connection: Connection,
    mails: Sequence[Posted],
    announcements: Sequence[Announcement],
    now: datetime,
) -> None:
    """Put all that is to leave in the outbox, and wake a relay."""
    if not mails and not announcements:
        return
    rows = [(each.mail, "mail", each.mail, each.due, *[None] * 4) for each in mails]
    rows += [_announcement(each, now) for each in announcements]
    await connection.copy_records_to_table(
        "outbox",
        columns=(
            *("id", "soort", "onderwerp", "beschikbaar"),
            *("adres", "correlatie", "inhoud", "trace"),
        ),
        records=rows,
    )
    await connection.execute("select pg_notify($1, '')", OUTBOX_CHANNEL)


def _announcement(told: Announcement, now: datetime) -> tuple[Any, ...]:
    match told:
        case Event():
            return uuid7(), "gebeurtenis", told.id, now, told.type, None, told.content, told.trace
        case Reply():
            correlation = told.correlation_id
            where = (told.queue, correlation)
            return uuid7(), "antwoord", told.id, now, *where, told.content, told.trace
