"""The register: whole snapshots, of which the newest stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from uuid_utils.compat import uuid7

from worker.domain.register import Applicatie, Autorisatie, Zaak, Zaaktype, rank
from worker.errors import on_new_sessions
from worker.postgres import resuming, waiting
from worker.postgres.dead_letters import store_dead_letters
from worker.postgres.pool import transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from worker.envelope import Rejection
    from worker.postgres.pool import Connection, Pool
    from worker.register import DatedFact


class PostgresRegister:
    """The register on PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @on_new_sessions
    async def put(
        self, facts: Sequence[DatedFact], rejected: Sequence[Rejection], now: datetime, by: str
    ) -> int:
        """Store all in one transaction, each kind with a statement; how many were news.

        Of two facts of the same moment the later one stands: clocks of whole seconds are
        common, and the later one is the truer.
        """
        async with transaction(self._pool) as connection:
            stored = await _zaaktypen(connection, _newest(facts, Zaaktype), now, by)
            stored += await _zaken(connection, _newest(facts, Zaak), now)
            stored += await _applicaties(connection, _newest(facts, Applicatie))
            stored += await _autorisaties(connection, _newest(facts, Autorisatie))
            await _settle(connection, facts, rejected, now)
        return stored


async def _settle(
    connection: Connection,
    facts: Sequence[DatedFact],
    rejected: Sequence[Rejection],
    now: datetime,
) -> None:
    """What is refused becomes a dead letter; what was one is resolved or put back."""
    if fresh := [each for each in rejected if each.resumed is None]:
        await store_dead_letters(connection, fresh, now)
    again = [each.resumed for each in facts if each.resumed]
    again += [each.resumed for each in rejected if each.resumed]
    if not again:
        return
    due = await resuming.hold(connection, again)
    back = [each for each in rejected if each.resumed and each.resumed.dead_letter in due]
    if back:
        await resuming.put_back(connection, back, now)
    right = [each.resumed.dead_letter for each in facts if each.resumed]
    await resuming.resolve(connection, {each: None for each in right if each in due}, now)


def _newest(facts: Iterable[DatedFact], kind: type[Any]) -> list[tuple[Any, datetime]]:
    """The newest fact per key, in key order: rows are locked in one order by everybody."""
    newest: dict[tuple[str, ...], tuple[Any, datetime]] = {}
    for each in facts:
        if isinstance(each.fact, kind):
            key = _key(each.fact)
            if key not in newest or newest[key][1] <= each.time:
                newest[key] = each.fact, each.time
    return [newest[key] for key in sorted(newest)]


def _key(fact: Zaaktype | Zaak | Applicatie | Autorisatie) -> tuple[str, ...]:
    if isinstance(fact, Autorisatie):
        return fact.onderwerp, fact.identificatie, fact.zaaktype
    return (fact.identificatie,)


async def _zaaktypen(
    connection: Connection, facts: list[tuple[Zaaktype, datetime]], now: datetime, by: str
) -> int:
    """The facts; what a process owner decided stands beside them, and is left as it is."""
    if not facts:
        return 0
    changed = await connection.fetch(
        """
        with eerder as (
            select identificatie,
                   coalesce(besluit_klantcontacten, klantcontacten_toegestaan) as klantcontacten,
                   coalesce(besluit_notificaties, notificaties) as notificaties,
                   coalesce(besluit_behandelaar, notificaties_behandelaar) as behandelaar
            from zaaktype where identificatie = any ($1::text[])
        ), nieuw as (
            insert into zaaktype as z
                (identificatie, omschrijving, klantcontacten_toegestaan, notificaties,
                 notificaties_behandelaar, tijd)
            select * from unnest($1::text[], $2::text[], $3::bool[], $4::bool[], $5::bool[],
                                 $6::timestamptz[])
            on conflict (identificatie) do update set
                omschrijving = excluded.omschrijving,
                klantcontacten_toegestaan = excluded.klantcontacten_toegestaan,
                notificaties = excluded.notificaties,
                notificaties_behandelaar = excluded.notificaties_behandelaar, tijd = excluded.tijd
            where z.tijd <= excluded.tijd
            returning identificatie,
                      coalesce(z.besluit_klantcontacten, z.klantcontacten_toegestaan)
                          as klantcontacten,
                      coalesce(z.besluit_notificaties, z.notificaties) as notificaties,
                      coalesce(z.besluit_behandelaar, z.notificaties_behandelaar) as behandelaar
        )
        select nieuw.*,
               (nieuw.klantcontacten, nieuw.notificaties, nieuw.behandelaar)
               is distinct from (eerder.klantcontacten, eerder.notificaties, eerder.behandelaar)
        from nieuw left join eerder using (identificatie)
        """,
        [fact.identificatie for fact, _ in facts],
        [fact.omschrijving for fact, _ in facts],
        [fact.klantcontacten_toegestaan for fact, _ in facts],
        [fact.notificaties for fact, _ in facts],
        [fact.notificaties_behandelaar for fact, _ in facts],
        [time for _, time in facts],
    )
    await connection.executemany(
        """
        insert into zaaktype_besluit
            (id, zaaktype, klantcontacten_toegestaan, notificaties, notificaties_behandelaar,
             door, moment)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        [(uuid7(), *row[:4], by, now) for row in changed if row[4]],
    )
    return len(changed)


async def _zaken(connection: Connection, facts: list[tuple[Zaak, datetime]], now: datetime) -> int:
    """A zaak that is new may be waited for."""
    if not facts:
        return 0
    rows = await connection.fetch(
        """
        insert into zaak as z
            (identificatie, zaaktype, omschrijving, startdatum, einddatum,
             vertrouwelijkheidaanduiding, status_omschrijving, status_datum_gezet, tijd)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::date[],
            $6::smallint[], $7::text[], $8::timestamptz[], $9::timestamptz[])
        on conflict (identificatie) do update set
            zaaktype = excluded.zaaktype, omschrijving = excluded.omschrijving,
            startdatum = excluded.startdatum, einddatum = excluded.einddatum,
            vertrouwelijkheidaanduiding = excluded.vertrouwelijkheidaanduiding,
            status_omschrijving = excluded.status_omschrijving,
            status_datum_gezet = excluded.status_datum_gezet, tijd = excluded.tijd
        where z.tijd <= excluded.tijd
        returning identificatie, xmax = 0
        """,
        *_columns(_zaak(fact, time) for fact, time in facts),
    )
    stored = {row[0] for row in rows}
    await _betrokkenen(connection, [fact for fact, _ in facts if fact.identificatie in stored])
    await waiting.wake(connection, [row[0] for row in rows if row[1]], now)
    return len(stored)


def _zaak(fact: Zaak, time: datetime) -> tuple[Any, ...]:
    return (
        fact.identificatie,
        fact.zaaktype,
        fact.omschrijving,
        fact.startdatum,
        fact.einddatum,
        rank(fact.vertrouwelijkheidaanduiding),
        fact.status.omschrijving if fact.status else None,
        fact.status.datum_gezet if fact.status else None,
        time,
    )


async def _betrokkenen(connection: Connection, zaken: list[Zaak]) -> None:
    """Those of a zaak are replaced as a whole; its row is locked meanwhile."""
    if not zaken:
        return
    await connection.execute(
        "delete from betrokkene where zaak = any ($1::text[])",
        [each.identificatie for each in zaken],
    )
    rows = [
        (
            zaak.identificatie,
            number,
            b.identificatie,
            b.rol,
            b.naam,
            b.email,
            b.taal,
            b.notificaties,
        )
        for zaak in zaken
        for number, b in enumerate(zaak.betrokkenen, start=1)
    ]
    if rows:
        await connection.execute(
            """
            insert into betrokkene
                (zaak, volgnummer, identificatie, rol, naam, email, taal, notificaties)
            select * from unnest($1::text[], $2::smallint[], $3::text[], $4::text[], $5::text[],
                $6::text[], $7::text[], $8::bool[])
            """,
            *_columns(rows),
        )


async def _applicaties(connection: Connection, facts: list[tuple[Applicatie, datetime]]) -> int:
    """As JSON: arrays of arrays cannot be unnested by row."""
    if not facts:
        return 0
    rows = await connection.fetch(
        """
        insert into applicatie as a (identificatie, kanaal, types, client_ids, tijd)
        select * from jsonb_to_recordset($1::jsonb) as nieuw
            (identificatie text, kanaal text, types text[], client_ids text[], tijd timestamptz)
        on conflict (identificatie) do update set
            kanaal = excluded.kanaal, types = excluded.types, client_ids = excluded.client_ids,
            tijd = excluded.tijd
        where a.tijd <= excluded.tijd
        returning 1
        """,
        _json(
            {
                "identificatie": fact.identificatie,
                "kanaal": fact.kanaal,
                "types": fact.types,
                "client_ids": fact.client_ids,
                "tijd": time,
            }
            for fact, time in facts
        ),
    )
    return len(rows)


async def _autorisaties(connection: Connection, facts: list[tuple[Autorisatie, datetime]]) -> int:
    if not facts:
        return 0
    rows = await connection.fetch(
        """
        insert into autorisatie as a
            (onderwerp, identificatie, zaaktype, scopes, max_vertrouwelijkheidaanduiding, tijd)
        select * from jsonb_to_recordset($1::jsonb) as nieuw
            (onderwerp text, identificatie text, zaaktype text, scopes text[], maximum smallint,
             tijd timestamptz)
        on conflict (onderwerp, identificatie, zaaktype) do update set
            scopes = excluded.scopes, tijd = excluded.tijd,
            max_vertrouwelijkheidaanduiding = excluded.max_vertrouwelijkheidaanduiding
        where a.tijd <= excluded.tijd
        returning 1
        """,
        _json(
            {
                "onderwerp": fact.onderwerp,
                "identificatie": fact.identificatie,
                "zaaktype": fact.zaaktype,
                "scopes": fact.scopes,
                "maximum": rank(fact.max_vertrouwelijkheidaanduiding),
                "tijd": time,
            }
            for fact, time in facts
        ),
    )
    return len(rows)


def _json(rows: Iterable[dict[str, Any]]) -> str:
    return orjson.dumps(list(rows)).decode()


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
