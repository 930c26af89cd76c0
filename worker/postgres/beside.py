"""What stands beside klantcontacten: documents, who was told, what followed, what was put right."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from worker.postgres.failures import translated
from worker.postgres.told import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    import asyncpg

    from worker.postgres.pool import Pool
    from worker.postgres.told import Told

    _Documents = Mapping[UUID, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Beside:
    """Each by its klantcontact, as `--json` has it; `told` as the database has it."""

    documenten: _Documents
    vervolgen: _Documents
    herstel: _Documents
    told: Mapping[UUID, Sequence[Told]]


async def beside(pool: Pool, ids: Sequence[UUID]) -> Beside:
    """Of all of `ids`, in a statement each."""
    with translated():
        return Beside(
            documenten=await _documenten(pool, ids),
            vervolgen=await _vervolgen(pool, ids),
            herstel=await _herstel(pool, ids),
            told=await told(pool, ids),
        )


async def _documenten(pool: Pool, ids: Sequence[UUID]) -> _Documents:
    rows = await pool.fetch(
        """
        select klantcontact, id, titel, formaat, omvang, auteur, creatiedatum, url,
               encode(sha256, 'hex') as sha256
        from document where klantcontact = any ($1::uuid[]) order by klantcontact, volgnummer
        """,
        ids,
    )
    return _grouped(rows)


async def _vervolgen(pool: Pool, ids: Sequence[UUID]) -> _Documents:
    """What came later and says that it follows on it, from old to new."""
    rows = await pool.fetch(
        """
        select vervolg_op as klantcontact, id, zaak, correctie
        from klantcontact where vervolg_op = any ($1::uuid[]) order by id
        """,
        ids,
    )
    return _grouped(rows)


async def _herstel(pool: Pool, ids: Sequence[UUID]) -> _Documents:
    rows = await pool.fetch(
        """
        select klantcontact, versie, door, moment, reden, velden
        from herstel where klantcontact = any ($1::uuid[]) order by klantcontact, versie
        """,
        ids,
    )
    return _grouped(rows)


def _grouped(rows: Iterable[asyncpg.Record]) -> _Documents:
    groups: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        values = dict(row)
        groups[values.pop("klantcontact")].append(values)
    return groups
