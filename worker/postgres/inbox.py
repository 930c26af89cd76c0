"""The inbox: each message's key once, and each token that is bound to one message with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.registration import Earlier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.envelope import Key
    from worker.postgres.pool import Connection
    from worker.registration import Registration


async def bind_tokens(
    connection: Connection, asked: Sequence[Registration], now: datetime
) -> frozenset[Key]:
    """Bind each token that has a `digest` to the message that it first comes with.

    Returns the keys of those whose token came with another message before: in plain JSON the
    id is no part of the body, so the digest alone would let it be sent again under a new one.
    """
    bound = {each.identity.binding: each.bound_key for each in reversed(asked)}
    bound.pop(None, None)
    if not bound:
        return frozenset()
    in_order = sorted((digest, *key) for digest, key in bound.items() if digest)
    await connection.execute(
        """
        insert into gebonden_token (sha256, applicatie, bron, bericht_id, eerste)
        select *, $5 from unnest($1::bytea[], $2::text[], $3::text[], $4::text[])
        on conflict do nothing
        """,
        *(list(column) for column in zip(*in_order, strict=True)),
        now,
    )
    rows = await connection.fetch(
        "select sha256, applicatie, bron, bericht_id from gebonden_token"
        " where sha256 = any ($1::bytea[])",
        [row[0] for row in in_order],
    )
    holders = {row[0]: tuple(row[1:]) for row in rows}
    return frozenset(
        each.envelope.key
        for each in asked
        if each.identity.binding and holders[each.identity.binding] != each.bound_key
    )


async def claim(
    connection: Connection, asked: Sequence[Registration], now: datetime
) -> dict[Key, Earlier]:
    """Claim the keys of all; return those that were registered before."""
    in_order = sorted(asked, key=lambda each: each.envelope.key)
    keys = [each.envelope.key for each in in_order]
    claimed = await connection.fetchval(
        """
        with nieuw as (
            insert into bericht
                (applicatie, bron, bericht_id, digest, klantcontact, oorspronkelijk,
                 geregistreerd)
            select applicatie, bron, bericht_id, digest, klantcontact, oorspronkelijk, $7
            from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::uuid[], $6::bytea[])
                as nieuw (applicatie, bron, bericht_id, digest, klantcontact, oorspronkelijk)
            on conflict do nothing
            returning 1
        )
        select count(*) from nieuw
        """,
        *_columns(keys),
        [each.digest for each in in_order],
        [each.id for each in in_order],
        [_original(each) for each in in_order],
        now,
    )
    if claimed == len(in_order):
        return {}
    return await _registered_before(connection, keys, [each.id for each in in_order])


async def _registered_before(
    connection: Connection, keys: list[Key], claims: list[UUID]
) -> dict[Key, Earlier]:
    rows = await connection.fetch(
        """
        select b.applicatie, b.bron, b.bericht_id, b.digest, b.klantcontact, b.oorspronkelijk,
               k.zaak
        from unnest($1::text[], $2::text[], $3::text[])
            as gevraagd (applicatie, bron, bericht_id)
        join bericht as b using (applicatie, bron, bericht_id)
        left join klantcontact as k on k.id = b.klantcontact
        where b.klantcontact <> all ($4::uuid[])
        """,
        *_columns(keys),
        claims,
    )
    return {
        (row[0], row[1], row[2]): Earlier(frozenset({row[3], row[5]} - {None}), row[4], row[6])
        for row in rows
    }


def _original(asked: Registration) -> bytes | None:
    """The digest of what the sender sent, where somebody put it right since."""
    if asked.resumed is None or asked.resumed.digest == asked.digest:
        return None
    return asked.resumed.digest


async def release(connection: Connection, claims: list[Key]) -> None:
    """A refused message is judged anew when it comes again, so its claim goes."""
    if not claims:
        return
    await connection.execute(
        """
        delete from bericht as b
        using unnest($1::text[], $2::text[], $3::text[])
            as vrij (applicatie, bron, bericht_id)
        where (b.applicatie, b.bron, b.bericht_id)
            = (vrij.applicatie, vrij.bron, vrij.bericht_id)
        """,
        *_columns(claims),
    )


def _columns(keys: Sequence[Key]) -> tuple[list[str], list[str], list[str]]:
    applicaties, sources, ids = zip(*keys, strict=True)
    return list(applicaties), list(sources), list(ids)
