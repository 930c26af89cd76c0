"""Notifications of what was registered: who gets which mail, and what joins one that waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from uuid_utils.compat import uuid7

from worker import spans
from worker.domain.notifications import address_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from worker.domain.notifications import Notification
    from worker.postgres.pool import Connection
    from worker.registration import Acceptance


# Of one mail; whoever joins it later keeps to it as well.
_MOST_TRACES: Final = 32


@dataclass(frozen=True, slots=True)
class Posted:
    """A mail that is new, and when it is to be offered."""

    mail: UUID
    due: datetime


@dataclass(slots=True)
class _Mail:
    """A mail that is wanted; the id of one that waits already may take the place of its own."""

    id: UUID
    key: tuple[str, str, str]
    """What a mail is shared by: zaak, address as it is compared, and kind of mail."""
    adres: str
    naam: str
    taal: str
    traces: list[str] = field(default_factory=list)
    """The contexts of the klantcontacten that it tells of (see `spans`)."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One notificatie; `mail` is None for whoever is not told."""

    klantcontact: UUID
    notification: Notification
    mail: _Mail | None


async def notify(
    connection: Connection, accepted: Sequence[Acceptance], window: timedelta, now: datetime
) -> list[Posted]:
    """One notificatie per betrokkene, one mail per address; returns the mails that are new.

    Klantcontacten of a zaak join the mail of the first until `window` has passed and a relay has
    taken it up. Where `window` is zero, each has mails of its own.
    """
    wanted = [each for one in accepted for each in _of(one)]
    if window:
        _share(wanted)
    mails = list({id(each.mail): each.mail for each in wanted if each.mail}.values())
    fresh = await (_join if window else _post)(connection, mails, now) if mails else []
    if wanted:
        await _write(connection, wanted)
    return [Posted(mail, now + window) for mail in fresh]


def _of(accepted: Acceptance) -> Iterable[_Wanted]:
    """The notificaties of one klantcontact: whoever shares an address shares the mail."""
    contact, zaak = accepted.registration.id, accepted.decision.zaak
    by_address: dict[str, _Mail] = {}
    trace = spans.carried(accepted.registration.span)
    for each in accepted.decision.notifications:
        person, mail = each.betrokkene, None
        if each.withheld is None and person.email and zaak:
            address = address_key(person.email)
            key = (zaak.identificatie, address, each.soort.value)
            own = _Mail(
                uuid7(), key, person.email, person.naam, person.taal, [trace] if trace else []
            )
            mail = by_address.setdefault(address, own)
        yield _Wanted(contact, each, mail)


def _share(wanted: list[_Wanted]) -> None:
    """Let all klantcontacten of the batch have the first one's mails."""
    first: dict[tuple[str, str, str], _Mail] = {}
    for place, each in enumerate(wanted):
        if each.mail:
            shared = first.setdefault(each.mail.key, each.mail)
            new = [trace for trace in each.mail.traces if trace not in shared.traces]
            shared.traces = [*shared.traces, *new][:_MOST_TRACES]
            wanted[place] = _Wanted(each.klantcontact, each.notification, shared)


async def _post(connection: Connection, mails: Sequence[_Mail], now: datetime) -> list[UUID]:
    await connection.copy_records_to_table(
        "mail",
        columns=(
            *("id", "zaak", "sleutel", "soort"),
            *("adres", "naam", "taal", "toestand", "gemaakt", "trace"),
        ),
        records=[
            (
                *(each.id, *each.key, each.adres, each.naam, each.taal),
                *("wacht", now, each.traces or None),
            )
            for each in mails
        ],
    )
    return [each.id for each in mails]


async def _join(connection: Connection, mails: Sequence[_Mail], now: datetime) -> list[UUID]:
    """Take the mails that wait, or make them; in the order of their keys, as everybody does.

    Whoever comes while a relay takes one up waits for it, and then makes the next one.
    """
    in_order = sorted(mails, key=lambda each: each.key)
    rows = await connection.fetch(
        """
        insert into mail
            (id, zaak, sleutel, soort, adres, naam, taal, trace, toestand, gemaakt, open)
        select id, zaak, sleutel, soort, adres, naam, taal, string_to_array(trace, E'\\n'),
               'wacht', $9::timestamptz, true
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                    $7::text[], $8::text[])
            as nieuw (id, zaak, sleutel, soort, adres, naam, taal, trace)
        on conflict (zaak, sleutel, soort) where open do update set
            open = true, trace = (mail.trace || excluded.trace)[1:$10]
        returning id, zaak, sleutel, soort
        """,
        [each.id for each in in_order],
        *([each.key[place] for each in in_order] for place in range(3)),
        [each.adres for each in in_order],
        [each.naam for each in in_order],
        [each.taal for each in in_order],
        ["\n".join(each.traces) or None for each in in_order],
        now,
        _MOST_TRACES,
    )
    own = {each.id for each in mails}
    taken = {tuple(row[1:]): row[0] for row in map(tuple, rows)}
    for each in mails:
        each.id = taken[each.key]
    return [each.id for each in mails if each.id in own]


async def _write(connection: Connection, wanted: Sequence[_Wanted]) -> None:
    await connection.copy_records_to_table(
        "notificatie",
        columns=("klantcontact", "betrokkene", "rol", "toestand", "reden", "mail"),
        records=[
            (
                each.klantcontact,
                each.notification.betrokkene.identificatie,
                each.notification.betrokkene.rol,
                "opgenomen" if each.mail else "achterwege",
                each.notification.withheld,
                each.mail.id if each.mail else None,
            )
            for each in wanted
        ],
    )
