"""Who put a message right before it was registered: kept with the klantcontact for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.postgres.pool import Connection
    from worker.registration import Acceptance


async def keep(connection: Connection, accepted: Sequence[Acceptance]) -> None:
    """Take every edit over from the dead letter, whose own history is removed in time.

    An edit starts from the version before it, so all of them made what is registered.
    """
    edited = [
        (each.klantcontact, resumed.dead_letter, resumed.version)
        for each in accepted
        if (resumed := each.registration.resumed) and resumed.version
    ]
    if not edited:
        return
    await connection.execute(
        """
        insert into herstel (klantcontact, versie, door, moment, reden, velden)
        select nieuw.klantcontact, (h.bijzonderheden ->> 'versie')::integer, h.door, h.moment,
               h.reden, array(select jsonb_array_elements_text(h.bijzonderheden -> 'velden'))
        from unnest($1::uuid[], $2::uuid[], $3::integer[])
            as nieuw (klantcontact, dead_letter, versie)
        join dead_letter_handeling as h using (dead_letter)
        where h.handeling = 'edit'
          and (h.bijzonderheden ->> 'versie')::integer <= nieuw.versie
        """,
        *(list(column) for column in zip(*edited, strict=True)),
    )
