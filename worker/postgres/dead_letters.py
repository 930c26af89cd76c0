"""What was refused, kept to the byte."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import orjson

from worker.errors import group_field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from worker.envelope import Key, Rejection
    from worker.postgres.pool import Connection


# U+0000 in JSON; behind a backslash that is escaped itself, it is a text that says so.
_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_MOST_WAITING: Final = 100
_CREDENTIALS: Final = "authorization"
_DOTTED: Final = re.compile(r"[\w.-]*\.[\w.-]*", re.ASCII)
# The base64url of what a JWT's header begins with: a brace, and a quote or white space.
_JWT_HEADER: Final = re.compile(r"e(?:y[A-DI-L]|w[k-r0-3])[\w-]{13}", re.ASCII)


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
    found = {tuple(row[1:]): row[0] for row in rows}
    kept = {each.id: found[identity_of(each)] for each in rejected}
    await keep_tokens(connection, rejected, kept)
    return kept


async def beyond_room(connection: Connection, waiting: Sequence[Rejection]) -> set[UUID]:
    """Of messages that begin to wait for a key, those beyond a hundred of one applicatie.

    The applicaties are locked until the commit, so that two batches do not share one room.
    """
    applicaties = sorted({identity_of(each)[0] for each in waiting})
    await connection.execute(
        """
        select pg_advisory_xact_lock(hashtextextended('wachtend_token ' || applicatie, 0))
        from unnest($1::text[]) as applicatie
        """,
        applicaties,
    )
    rows = await connection.fetch(
        """
        select applicatie, count(*) from wachtend_token
        where wacht and applicatie = any ($1::text[]) group by applicatie
        """,
        applicaties,
    )
    taken: Counter[str] = Counter({row[0]: row[1] for row in rows})
    beyond: set[UUID] = set()
    for each in waiting:
        applicatie = identity_of(each)[0]
        taken[applicatie] += 1
        if taken[applicatie] > _MOST_WAITING:
            beyond.add(each.id)
    return beyond


async def keep_tokens(
    connection: Connection, rejected: Sequence[Rejection], kept: Mapping[UUID, UUID]
) -> None:
    """Tokens that are still to be judged, apart from their dead letters; the others' go.

    `kept` has the dead letter of each rejection by its id; it is locked.
    """
    tokens = {kept[each.id]: (each, each.unjudged) for each in rejected}
    judged = [letter for letter, (_, token) in tokens.items() if token is None]
    if judged:
        await connection.execute(
            "delete from wachtend_token where dead_letter = any ($1::uuid[])", judged
        )
    rows = [
        (letter, identity_of(each)[0], each.again is not None, token)
        for letter, (each, token) in tokens.items()
        if token is not None
    ]
    if rows:
        await connection.execute(
            """
            insert into wachtend_token (dead_letter, applicatie, wacht, token)
            select d.id, nieuw.applicatie, nieuw.wacht, nieuw.token
            from unnest($1::uuid[], $2::text[], $3::bool[], $4::text[])
                as nieuw (id, applicatie, wacht, token)
            join dead_letter as d on d.id = nieuw.id and d.identiteit is null
                and d.toestand in ('open', 'wacht')
            on conflict (dead_letter) do update
                set wacht = excluded.wacht, token = excluded.token
            """,
            *(list(column) for column in zip(*rows, strict=True)),
        )


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
        "headers": _headers(delivery.headers),
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
    """What the token proved."""
    if rejected.identity is None:
        return None
    proven = asdict(rejected.identity)
    proven["binding"] = proven["binding"].hex() if proven["binding"] else None
    return json_text(proven)


def _headers(headers: Mapping[str, Any]) -> orjson.Fragment | str:
    """Headers as they came, but for what is a credential, wherever in them it stands.

    With the signature of a token, whoever reads the table could speak in somebody's name.
    """
    kept = {
        name: _unsigned_credential(value) if _CREDENTIALS in name.lower() else value
        for name, value in headers.items()
    }
    try:
        text = orjson.dumps(kept, default=str).decode()
    except TypeError:
        # Numbers beyond 64 bits, or nested deeper than JSON's own parsers go.
        return _DOTTED.sub(_unsigned, str(kept))
    return orjson.Fragment(_DOTTED.sub(_unsigned, text))


def _unsigned_credential(value: object) -> str:
    """The scheme, and of what has the form of a JWT its first two parts."""
    text = value.decode("latin-1") if isinstance(value, bytes | bytearray) else str(value)
    scheme, space, credential = text.strip().partition(" ")
    if not space:
        scheme, credential = "", scheme
    header, _, rest = credential.partition(".")
    payload, dot, _ = rest.partition(".")
    return f"{scheme}{space}{header}.{payload}." if dot else f"{scheme}{space}."


def _unsigned(dotted: re.Match[str]) -> str:
    """Without what follows on the header and the payload of a JWT (RFC 7515, section 7.1)."""
    parts = dotted[0].split(".")
    for place, part in enumerate(parts[:-2]):
        if _JWT_HEADER.search(part):
            return ".".join([*parts[: place + 2], ""])
    return dotted[0]


def json_text(value: dict[str, Any]) -> str:
    """JSON that jsonb takes: no U+0000, and what JSON has no word for as its text."""
    text = orjson.dumps(value, default=str).decode()
    return _NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd")
