"""How long it takes until all is as before: a message is sent, registered, and its mails taken."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import asyncpg

from tests.bench import database
from tests.faults.letters import written

if TYPE_CHECKING:
    from tests.faults.ledger import Key, Ledger
    from tests.faults.plan import Plan
    from tests.faults.senders import Senders
    from tests.faults.world import World

ENOUGH_SECONDS: Final = 15.0
"""The longest that a recovery may take."""
_SECONDS: Final = 90.0
_LOOK_SECONDS: Final = 0.1
_ASK_SECONDS: Final = 5.0
_AGAIN: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_MAILS: Final = """
    select n.mail from notificatie as n join bericht as b on b.klantcontact = n.klantcontact
    where b.applicatie = $1 and b.bericht_id = $2 and n.mail is not null
"""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Sends one probe after another; each is in the ledger as any message is."""

    world: World
    plan: Plan
    senders: Senders
    probing: Senders
    """Past the wires: how soon a sender notices its own broken connection is no recovery."""
    ledger: Ledger

    async def seconds(self) -> float:
        """From now until a new message is registered and its mails were taken."""
        probe = self.plan.fit()
        user, letter = written(probe, self.ledger)
        began = time.monotonic()
        try:
            async with asyncio.timeout(_SECONDS):
                await self.probing.send(user, letter)
                while not await self._mailed(probe.key):  # noqa: ASYNC110 (rows tell nobody)
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            # Its message is still to be confirmed: let it have its turn with the others.
            await self.senders.put(user, letter)
        return time.monotonic() - began

    async def _mailed(self, key: Key) -> bool:
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                return await self._asked(key)
        except _AGAIN:
            return False

    async def _asked(self, key: Key) -> bool:
        async with database.connection(self.world.database) as connection:
            mails = await connection.fetch(_MAILS, *key)
        return bool(mails) and all(str(row[0]) in self.world.mail_server.taken for row in mails)
