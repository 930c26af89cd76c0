"""Dead letters taken out again, as they were put in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from worker.domain.identity import Identity, Scheme
from worker.envelope import Delivery
from worker.postgres.failures import translated
from worker.postgres.pool import session
from worker.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from worker.postgres.pool import Connection, Pool


class PostgresLetters:
    """The resumption's store."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def due(self, ids: Sequence[UUID]) -> list[tuple[UUID, int]]:
        """Those that were called back or wait; bodies are not read for it."""
        async with session(self._pool) as connection:
            rows = await connection.fetch(
                """
                select d.id, octet_length(coalesce(v.inhoud, d.body)) + octet_length(d.body)
                from dead_letter as d
                left join dead_letter_versie as v
                    on v.dead_letter = d.id and v.versie = d.versie
                where d.id = any ($1::uuid[]) and d.toestand in ('hervat', 'wacht')
                order by d.id
                """,
                list(ids),
            )
        return [(row[0], row[1]) for row in rows]

    async def load(self, ids: Sequence[UUID]) -> list[Stored]:
        """As the module's `load`, each with the token that is still to be judged, if it has one."""
        async with session(self._pool) as connection:
            stored = await load(connection, ids)
            rows = await connection.fetch(
                "select dead_letter, token from wachtend_token"
                " where dead_letter = any ($1::uuid[])",
                list(ids),
            )
        tokens = {row[0]: row[1] for row in rows}
        return [
            replace(each, delivery=_with_token(each.delivery, tokens[each.id]))
            if each.id in tokens
            else each
            for each in stored
        ]


def _with_token(delivery: Delivery, token: str) -> Delivery:
    """What stands in the headers is without its signature."""
    others = {name: each for name, each in delivery.headers.items() if name != "Authorization"}
    return replace(delivery, headers={**others, "authorization": token})


async def load(database: Pool | Connection, ids: Sequence[UUID]) -> list[Stored]:
    """Those of `ids` that there are, each with the version of its content that is in force."""
    with translated():
        rows = await database.fetch(
            """
            select d.id, d.toestand, d.pogingen, d.queue, d.applicatie, d.bron, d.bericht_id,
                   d.digest, d.headers, d.body, d.identiteit, d.eerste, d.nieuw_id,
                   d.ook_verlopen, d.uitgesteld, d.versie, v.inhoud
            from dead_letter as d
            left join dead_letter_versie as v on v.dead_letter = d.id and v.versie = d.versie
            where d.id = any ($1::uuid[])
            """,
            list(ids),
        )
    return [_stored(row) for row in rows]


def _stored(row: asyncpg.Record) -> Stored:
    properties = orjson.loads(row["headers"])
    return Stored(
        id=row["id"],
        toestand=row["toestand"],
        attempt=row["pogingen"],
        delivery=delivery_of(row["queue"], properties, row["body"]),
        key=(row["applicatie"], row["bron"], row["bericht_id"]),
        digest=row["digest"],
        received=row["eerste"],
        time=_moment(properties.get("time")),
        identity=identity_from(row["identiteit"]),
        deferrals=row["uitgesteld"],
        version=row["versie"],
        edited=row["inhoud"],
        new_id=row["nieuw_id"],
        late=row["ook_verlopen"],
    )


def delivery_of(queue: str, properties: dict[str, Any], body: bytes) -> Delivery:
    """The delivery whose `properties_of` were kept."""
    headers = properties["headers"]
    return Delivery(
        body=body,
        queue=queue,
        user_id=properties["user_id"],
        message_id=properties["message_id"],
        content_type=properties["content_type"],
        content_encoding=properties["content_encoding"],
        timestamp=_moment(properties["timestamp"]),
        reply_to=properties["reply_to"],
        correlation_id=properties["correlation_id"],
        # Headers that JSON had no room for were kept as a text, for people.
        headers=headers if isinstance(headers, dict) else {},
        unreadable=properties.get("unreadable", {}),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def identity_from(kept: str | None) -> Identity | None:
    """The identity whose `identity_text` was kept."""
    if kept is None:
        return None
    proven = orjson.loads(kept)
    binding = proven.pop("binding")
    return Identity(
        **{
            **proven,
            "scheme": Scheme(proven["scheme"]),
            "roles": tuple(proven["roles"]),
            "binding": bytes.fromhex(binding) if binding else None,
        }
    )
