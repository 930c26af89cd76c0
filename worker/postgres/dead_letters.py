"""What was refused, kept to the byte."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import orjson

from worker.errors import group_field

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.envelope import Key, Rejection
    from worker.postgres.pool import Connection


# U+0000 in JSON; behind a backslash that is escaped itself, it is a text that says so.
_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_TOKEN_HEADERS: Final = frozenset({"authorization", "Authorization"})


async def store_dead_letters(
    connection: Connection, rejected: Sequence[Rejection], now: datetime
) -> dict[UUID, UUID]:
    """Write each once by key and digest; one that stands there already counts another time.

    It is open again, or waits again from the beginning of the schedule; one that waits already
    goes on waiting. What somebody put right by an edit stays resolved: it is the same once more.
    Returns the id under which each is kept, by its own.
    """
    folded: dict[tuple[Any, ...], list[Any]] = {}
    for each in sorted(rejected, key=identity_of):
        known = folded.setdefault(identity_of(each), [*_row(each), 0])
        known[-1] += 1
    columns = [list(column) for column in zip(*folded.values(), strict=True)]
    rows = await connection.fetch(
        """
        insert into dead_letter as d
            (id, toestand, code, probleem, veld, queue, applicatie, bron, bericht_id, digest,
             zaak, headers, body, identiteit, opnieuw, uitgesteld, aantal, eerste, laatste)
        select id, case when opnieuw is null then 'open' else 'wacht' end, code,
               probleem::jsonb, veld, queue, applicatie, bron, bericht_id, digest, zaak,
               headers::jsonb, body, identiteit::jsonb, opnieuw,
               case when opnieuw is null then 0 else 1 end, aantal, $16, $16
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                    $7::text[], $8::text[], $9::bytea[], $10::text[], $11::text[], $12::bytea[],
                    $13::text[], $14::timestamptz[], $15::int[])
            as nieuw (id, code, probleem, veld, queue, applicatie, bron, bericht_id, digest,
                      zaak, headers, body, identiteit, opnieuw, aantal)
        on conflict (applicatie, bron, bericht_id, digest) do update set
            toestand = case when d.toestand = 'opgelost' and d.versie > 0 then d.toestand
                            else excluded.toestand end,
            code = excluded.code, veld = excluded.veld,
            probleem = excluded.probleem || jsonb_build_object('instance', 'urn:uuid:' || d.id),
            zaak = excluded.zaak, headers = excluded.headers, body = excluded.body,
            identiteit = excluded.identiteit, pogingen = d.pogingen + 1,
            opnieuw = case when d.toestand = 'opgelost' and d.versie > 0 then null
                           when d.toestand = 'wacht' and excluded.toestand = 'wacht'
                           then d.opnieuw else excluded.opnieuw end,
            uitgesteld = case when d.toestand = 'wacht' and excluded.toestand = 'wacht'
                              then d.uitgesteld else excluded.uitgesteld end,
            aantal = d.aantal + excluded.aantal, laatste = excluded.laatste
        returning id, applicatie, bron, bericht_id, digest
        """,
        *columns,
        now,
    )
    kept = {tuple(row[1:]): row[0] for row in rows}
    return {each.id: kept[identity_of(each)] for each in rejected}


def identity_of(rejected: Rejection) -> tuple[str, str, str, bytes]:
    """The key and digest by which it is told from others, in what the database takes."""
    applicatie, source, message_id = (
        rejected.envelope.key if rejected.envelope else _presumed_key(rejected)
    )
    return _storable(applicatie), _storable(source), _storable(message_id), rejected.digest


def _presumed_key(rejected: Rejection) -> Key:
    """The key that it would have had, so that the same message put right resolves it.

    It begins with what is proven: whatever source it claims, no other applicatie's key is met.
    Where nothing is proven the source counts for nothing: a mail's key has no applicatie, either.
    """
    user = rejected.delivery.user_id
    message_id = rejected.message_id or ""
    if not user:
        return "", "", message_id
    return user, rejected.source or f"urn:applicatie:{user}", message_id


def _row(rejected: Rejection) -> list[Any]:
    applicatie, source, message_id, digest = identity_of(rejected)
    return [
        rejected.id,
        str(rejected.code),
        json_text(rejected.problem(rejected.id)),
        group_field(rejected.violations),
        rejected.delivery.queue,
        applicatie,
        source,
        message_id,
        digest,
        rejected.zaak,
        json_text(properties_of(rejected)),
        rejected.delivery.body,
        identity_text(rejected),
        rejected.again,
    ]


def properties_of(rejected: Rejection) -> dict[str, Any]:
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
        **({"unreadable": delivery.unreadable} if delivery.unreadable else {}),
    }


def identity_text(rejected: Rejection) -> str | None:
    """What the token proved; a token that proved nothing stays in the headers, whole."""
    if rejected.identity is None:
        return None
    proven = asdict(rejected.identity)
    proven["binding"] = proven["binding"].hex() if proven["binding"] else None
    return json_text(proven)


def _without_signature(rejected: Rejection) -> dict[str, Any]:
    """Headers as they came, but for the signature of a good token.

    With it, whoever reads the table could speak in somebody's name.
    """
    headers = dict(rejected.delivery.headers)
    if rejected.identity is not None:
        for name in _TOKEN_HEADERS & headers.keys():
            headers[name] = f"{str(headers[name]).rpartition('.')[0]}."
    return headers


def json_text(value: dict[str, Any]) -> str:
    """JSON that jsonb takes: no U+0000, and what JSON has no word for as its text."""
    try:
        text = orjson.dumps(value, default=str).decode()
    except TypeError:
        # Numbers beyond 64 bits, or nested deeper than JSON's own parsers go.
        text = orjson.dumps(value | {"headers": str(value.get("headers"))}, default=str).decode()
    return _NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd")
