"""What was refused, kept to the byte."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import orjson

from worker.errors import problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.envelope import Delivery, Key, Rejection
    from worker.postgres.pool import Connection
    from worker.registration import Acceptance


_TOKEN_HEADERS: Final = frozenset({"authorization", "Authorization"})


async def store_dead_letters(
    connection: Connection, rejected: Sequence[Rejection], now: datetime
) -> dict[UUID, UUID]:
    """Write each once by key and digest; one that stands there already counts another time.

    Returns the id under which each is kept, by its own.
    """
    folded: dict[tuple[Any, ...], list[Any]] = {}
    for each in sorted(rejected, key=_identity):
        known = folded.setdefault(_identity(each), [*_row(each), 0])
        known[-1] += 1
    columns = [list(column) for column in zip(*folded.values(), strict=True)]
    rows = await connection.fetch(
        """
        insert into dead_letter as d
            (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest, zaak,
             headers, body, identiteit, aantal, eerste, laatste)
        select id, 'open', code, probleem::jsonb, queue, applicatie, bron, bericht_id, digest,
               zaak, headers::jsonb, body, identiteit::jsonb, aantal, $14, $14
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                    $7::text[], $8::bytea[], $9::text[], $10::text[], $11::bytea[], $12::text[],
                    $13::int[])
            as nieuw (id, code, probleem, queue, applicatie, bron, bericht_id, digest, zaak,
                      headers, body, identiteit, aantal)
        on conflict (applicatie, bron, bericht_id, digest) do update set
            toestand = 'open', code = excluded.code,
            probleem = excluded.probleem || jsonb_build_object('instance', 'urn:uuid:' || d.id),
            zaak = excluded.zaak, headers = excluded.headers, body = excluded.body,
            identiteit = excluded.identiteit,
            aantal = d.aantal + excluded.aantal, laatste = excluded.laatste
        returning id, applicatie, bron, bericht_id, digest
        """,
        *columns,
        now,
    )
    kept = {tuple(row[1:]): row[0] for row in rows}
    return {each.id: kept[_identity(each)] for each in rejected}


def _identity(rejected: Rejection) -> tuple[str, str, str, bytes]:
    applicatie, source, message_id = (
        rejected.envelope.key if rejected.envelope else _presumed_key(rejected.delivery)
    )
    return _storable(applicatie), _storable(source), _storable(message_id), rejected.digest


def _presumed_key(delivery: Delivery) -> Key:
    """The key that it would have had, so that the same message put right resolves it."""
    user = delivery.user_id or ""
    return user, f"urn:applicatie:{user}" if user else "", delivery.message_id or ""


def _row(rejected: Rejection) -> list[Any]:
    applicatie, source, message_id, digest = _identity(rejected)
    return [
        rejected.id,
        str(rejected.code),
        _json(problem(rejected.violations, f"urn:uuid:{rejected.id}")),
        rejected.delivery.queue,
        applicatie,
        source,
        message_id,
        digest,
        rejected.zaak,
        _json(_properties(rejected)),
        rejected.delivery.body,
        _identity_of_token(rejected),
    ]


def _properties(rejected: Rejection) -> dict[str, Any]:
    """Headers and properties as they came, in what JSON can say."""
    delivery = rejected.delivery
    return {
        "headers": _without_signature(rejected),
        "content_type": delivery.content_type,
        "content_encoding": delivery.content_encoding,
        "message_id": delivery.message_id,
        "user_id": delivery.user_id,
        "timestamp": delivery.timestamp,
        "reply_to": delivery.reply_to,
        "correlation_id": delivery.correlation_id,
        "time": rejected.envelope.time if rejected.envelope else None,
    }


def _identity_of_token(rejected: Rejection) -> str | None:
    """What the token proved; a token that proved nothing stays in the headers, whole."""
    if rejected.identity is None:
        return None
    proven = asdict(rejected.identity)
    proven["binding"] = proven["binding"].hex() if proven["binding"] else None
    return _json(proven)


def _without_signature(rejected: Rejection) -> dict[str, Any]:
    """Headers as they came, but for the signature of a good token.

    With it, whoever reads the table could speak in somebody's name.
    """
    headers = dict(rejected.delivery.headers)
    if rejected.identity is not None:
        for name in _TOKEN_HEADERS & headers.keys():
            headers[name] = f"{str(headers[name]).rpartition('.')[0]}."
    return headers


def _json(value: dict[str, Any]) -> str:
    """JSON that jsonb takes: no U+0000, and what JSON has no word for as its text."""
    try:
        text = orjson.dumps(value, default=str).decode()
    except TypeError:
        # Numbers beyond 64 bits, or nested deeper than JSON's own parsers go.
        text = orjson.dumps(value | {"headers": str(value.get("headers"))}, default=str).decode()
    return text.replace("\\u0000", "\\ufffd")


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd")


async def resolve_siblings(
    connection: Connection, accepted: Sequence[Acceptance], now: datetime
) -> None:
    """What was refused before under a key that is registered now is put right by it."""
    in_order = sorted(accepted, key=lambda each: each.registration.envelope.key)
    keys = [each.registration.envelope.key for each in in_order]
    await connection.execute(
        """
        update dead_letter as d
        set toestand = 'opgelost', klantcontact = nieuw.klantcontact, laatste = $5
        from unnest($1::text[], $2::text[], $3::text[], $4::uuid[])
            as nieuw (applicatie, bron, bericht_id, klantcontact)
        where d.applicatie = nieuw.applicatie and d.bron = nieuw.bron
          and d.bericht_id = nieuw.bericht_id and d.toestand <> 'opgelost'
          and d.toestand <> 'gearchiveerd'
        """,
        *([key[place] for key in keys] for place in range(3)),
        [each.registration.id for each in in_order],
        now,
    )
