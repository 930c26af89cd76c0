"""Who was told and who was not, the newest first and page by page by key."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Final
from uuid import UUID

from worker.domain.notifications import Withheld
from worker.postgres.failures import translated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from worker.postgres.pool import Connection, Pool

WITHHELD: Final = "achterwege"
MAILS: Final = (
    *("wacht", "aangeboden", "bezig", "uitgesteld"),
    *("verzonden", "mislukt", "onzeker"),
)
TOESTANDEN: Final = (*MAILS, WITHHELD)
# What nearly every mail has that was sent: those are found by their key.
_TAKEN: Final = 250
REASONS: Final = tuple(each.value for each in Withheld)


@dataclass(frozen=True, slots=True)
class Choice:
    """What all of them have in common; None stands for anything.

    `code` is what a mail server said last, `reden` why somebody was not told. `since` and `until`
    hold for the moment at which a mail was made, or a klantcontact read that somebody was not
    told of.
    """

    zaak: str | None = None
    toestand: str | None = None
    code: int | None = None
    reden: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def mails(self) -> bool:
        """Whether mails are meant."""
        return self.reden is None and self.toestand != WITHHELD

    @property
    def withheld(self) -> bool:
        """Whether klantcontacten are meant that somebody was not told of."""
        return self.code is None and self.toestand in {None, WITHHELD}


async def chosen(
    database: Pool | Connection, choice: Choice, most: int, after: UUID | None = None
) -> list[UUID]:
    """Ids of up to `most`, from `after` on: of mails, and of klantcontacten that are `withheld`.

    Both are UUIDv7, so they say themselves which is newer.
    """
    first = _first(choice.since)
    bounds = [each for each in (after, _first(choice.until)) if each is not None]
    last = min(bounds) if bounds else None
    with translated():
        mails = await _mails(database, choice, first, last, most) if choice.mails else []
        others = await _withheld(database, choice, first, last, most) if choice.withheld else []
    return list(islice(merge(mails, others, reverse=True), most))


def _first(moment: datetime | None) -> UUID | None:
    """The least id that can have been made at `moment`, to the millisecond (RFC 9562, 5.7)."""
    if moment is None:
        return None
    milliseconds = min(max(int(moment.timestamp() * 1000), 0), (1 << 48) - 1)
    return UUID(int=milliseconds << 80)


async def _mails(
    database: Pool | Connection, choice: Choice, first: UUID | None, last: UUID | None, most: int
) -> list[UUID]:
    if choice.code not in {None, _TAKEN} and choice.zaak is None:
        return await _answered(database, choice, (first, last), most)
    rows = await database.fetch(
        """
        select id from mail
        where ($1::text is null or zaak = $1)
          and ($2::text is null or toestand = $2)
          and ($3::smallint is null or code = $3)
          and ($4::uuid is null or id >= $4)
          and ($5::uuid is null or id < $5)
        order by id desc limit $6
        """,
        choice.zaak,
        choice.toestand,
        choice.code,
        first,
        last,
        most,
    )
    return [row[0] for row in rows]


async def _answered(
    database: Pool | Connection, choice: Choice, bounds: tuple[UUID | None, UUID | None], most: int
) -> list[UUID]:
    """Those of one code: each toestand by itself, so that each is read in the order asked for."""
    rows = await database.fetch(
        """
        select m.id
        from unnest($1::text[]) as gevraagd (toestand)
        cross join lateral (
            select id from mail
            where code = $2 and code <> 250 and toestand = gevraagd.toestand
              and ($3::uuid is null or id >= $3)
              and ($4::uuid is null or id < $4)
            order by id desc limit $5
        ) as m
        order by m.id desc limit $5
        """,
        MAILS if choice.toestand is None else (choice.toestand,),
        choice.code,
        *bounds,
        most,
    )
    return [row[0] for row in rows]


async def _withheld(
    database: Pool | Connection, choice: Choice, first: UUID | None, last: UUID | None, most: int
) -> list[UUID]:
    """Each reason by itself, so that each is read from the index in the order asked for."""
    reasons = REASONS if choice.reden is None else (choice.reden,)
    if choice.zaak is not None:
        return await _withheld_of(database, choice.zaak, reasons, (first, last), most)
    rows = await database.fetch(
        """
        select distinct n.klantcontact
        from unnest($1::text[]) as gevraagd (reden)
        cross join lateral (
            select klantcontact from notificatie
            where reden = gevraagd.reden
              and ($2::uuid is null or klantcontact >= $2)
              and ($3::uuid is null or klantcontact < $3)
            group by klantcontact
            order by klantcontact desc limit $4
        ) as n
        order by n.klantcontact desc limit $4
        """,
        reasons,
        first,
        last,
        most,
    )
    return [row[0] for row in rows]


async def _withheld_of(
    database: Pool | Connection,
    zaak: str,
    reasons: Sequence[str],
    bounds: tuple[UUID | None, UUID | None],
    most: int,
) -> list[UUID]:
    """Of one zaak, by way of its klantcontacten."""
    rows = await database.fetch(
        """
        with van_de_zaak as materialized (
            select id from klantcontact
            where zaak = $2
              and ($3::uuid is null or id >= $3) and ($4::uuid is null or id < $4)
        )
        select k.id from van_de_zaak as k
        where exists (
            select 1 from notificatie as n
            where n.klantcontact = k.id and n.reden = any ($1::text[])
        )
        order by k.id desc limit $5
        """,
        reasons,
        zaak,
        *bounds,
        most,
    )
    return [row[0] for row in rows]
