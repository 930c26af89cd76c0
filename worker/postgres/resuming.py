"""Dead letters that come again: held while they are judged, then resolved or put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from uuid_utils.compat import uuid7

from worker.errors import group_field
from worker.postgres.dead_letters import (
    identity_text,
    json_text,
    keep_tokens,
    properties_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.envelope import Key, Rejection, Resumed
    from worker.postgres.pool import Connection

BY_THE_WORKER = "worker"
"""Who acted, where it was nobody."""


async def hold(connection: Connection, resumed: Sequence[Resumed]) -> set[UUID]:
    """Lock them; return those of which this is still the attempt that is due.

    A message may be called back twice, or be archived or edited meanwhile: then somebody else
    has dealt with it, or will.
    """
    rows = await connection.fetch(
        """
        select id, pogingen, versie from dead_letter
        where id = any ($1::uuid[]) and toestand in ('hervat', 'wacht')
        order by applicatie, bron, bericht_id, digest
        for update
        """,
        [each.dead_letter for each in resumed],
    )
    due = {tuple(row) for row in rows}
    return {
        each.dead_letter
        for each in resumed
        if (each.dead_letter, each.attempt, each.version) in due
    }


async def lock(connection: Connection, keys: Collection[Key]) -> None:
    """Hold whatever was refused under these keys before, in the order that everybody has.

    One after another for what is refused and for what is registered now, two batches could wait
    for each other: what cannot be read claims no key that would keep them apart.
    """
    await connection.execute(
        """
        select from unnest($1::text[], $2::text[], $3::text[])
            as nieuw (applicatie, bron, bericht_id)
        join dead_letter as d using (applicatie, bron, bericht_id)
        order by d.applicatie, d.bron, d.bericht_id, d.digest
        for update of d
        """,
        *([key[place] for key in keys] for place in range(3)),
    )


async def put_back(
    connection: Connection, rejected: Sequence[Rejection], now: datetime
) -> dict[UUID, UUID]:
    """Refused again, or put off again; by the rejection's id the dead letter that it is.

    Only a refusal counts as another occurrence, and only one after a person retried it.
    """
    by_letter = {each.resumed.dead_letter: each for each in rejected if each.resumed}
    in_order = [by_letter[letter] for letter in sorted(by_letter)]
    await connection.execute(
        """
        update dead_letter as d set
            toestand = case when nieuw.opnieuw is null then 'open' else 'wacht' end,
            code = nieuw.code, probleem = nieuw.probleem::jsonb, veld = nieuw.veld,
            zaak = coalesce(nieuw.zaak, d.zaak),
            headers = case when d.identiteit is null and nieuw.identiteit is not null
                           then nieuw.headers::jsonb else d.headers end,
            identiteit = coalesce(d.identiteit, nieuw.identiteit::jsonb),
            opnieuw = nieuw.opnieuw, pogingen = d.pogingen + 1,
            uitgesteld = case when nieuw.opnieuw is null then 0 else d.uitgesteld + 1 end,
            aantal = d.aantal + case when d.toestand = 'hervat' then 1 else 0 end,
            laatste = case when nieuw.opnieuw is null then $9 else d.laatste end,
            nieuw_id = null, ook_verlopen = false
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                    $7::text[], $8::timestamptz[])
            as nieuw (id, code, probleem, veld, zaak, headers, identiteit, opnieuw)
        where d.id = nieuw.id
        """,
        sorted(by_letter),
        [str(each.code) for each in in_order],
        [_problem(each) for each in in_order],
        [group_field(each.violations) for each in in_order],
        [each.zaak for each in in_order],
        [json_text(properties_of(each)) for each in in_order],
        [identity_text(each) for each in in_order],
        [each.again for each in in_order],
        now,
    )
    await _write_down(connection, in_order, now)
    kept = {each.id: each.resumed.dead_letter for each in rejected if each.resumed}
    await keep_tokens(connection, in_order, kept)
    return kept


def _problem(rejected: Rejection) -> str:
    """With the version of the content that it was found in; without one, it is what was sent."""
    letter = rejected.resumed.dead_letter if rejected.resumed else rejected.id
    found = rejected.problem(letter)
    if rejected.resumed and rejected.resumed.version:
        found["versie"] = rejected.resumed.version
    return json_text(found)


async def _write_down(connection: Connection, rejected: Sequence[Rejection], now: datetime) -> None:
    """That a retry was refused stands in the history beside the retry."""
    rows = [
        (
            uuid7(),
            each.resumed.dead_letter,
            "refused",
            BY_THE_WORKER,
            now,
            orjson.dumps({"code": each.code}).decode(),
        )
        for each in rejected
        if each.resumed and each.again is None
    ]
    if rows:
        await connection.copy_records_to_table(
            "dead_letter_handeling",
            columns=("id", "dead_letter", "handeling", "door", "moment", "bijzonderheden"),
            records=rows,
        )


async def resolve(
    connection: Connection, letters: Mapping[UUID, UUID | None], now: datetime
) -> None:
    """Put right by an attempt, by dead letter: with the klantcontact it became, if any."""
    if not letters:
        return
    in_order = sorted(letters)
    await connection.execute(
        """
        update dead_letter as d
        set toestand = 'opgelost', klantcontact = nieuw.klantcontact, laatste = $3,
            opnieuw = null, pogingen = d.pogingen + 1
        from unnest($1::uuid[], $2::uuid[]) as nieuw (id, klantcontact)
        where d.id = nieuw.id and d.toestand <> 'opgelost'
        """,
        in_order,
        [letters[letter] for letter in in_order],
        now,
    )


async def resolve_siblings(
    connection: Connection,
    registered: Mapping[Key, UUID],
    attempted: Sequence[UUID],
    now: datetime,
) -> None:
    """What was refused before under a key that is registered now is put right by it.

    Those `attempted` were judged for it themselves.
    """
    if not registered:
        return
    in_order = sorted(registered)
    await connection.execute(
        """
        with oud as (
            select d.id, nieuw.klantcontact
            from unnest($1::text[], $2::text[], $3::text[], $4::uuid[])
                as nieuw (applicatie, bron, bericht_id, klantcontact)
            join dead_letter as d using (applicatie, bron, bericht_id)
            where d.toestand <> 'opgelost' and d.toestand <> 'gearchiveerd'
            order by d.applicatie, d.bron, d.bericht_id, d.digest
            for update of d
        )
        update dead_letter as d
        set toestand = 'opgelost', klantcontact = oud.klantcontact, laatste = $5, opnieuw = null,
            pogingen = d.pogingen + case when d.id = any ($6::uuid[]) then 1 else 0 end
        from oud where d.id = oud.id
        """,
        *([key[place] for key in in_order] for place in range(3)),
        [registered[key] for key in in_order],
        now,
        attempted,
    )
