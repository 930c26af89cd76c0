"""docs/alerts.md: what it tells to run in the database does what it says."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.contacts import NOW
from tests.posted import due_mails, post
from tests.registering import ANNOUNCER
from worker.postgres.outbox import PostgresOutbox

if TYPE_CHECKING:
    from worker.postgres.pool import Pool

PAGE = (Path(__file__).parents[2] / "docs/alerts.md").read_text(encoding="utf-8")
LEASE = NOW + timedelta(seconds=60)
LATER = NOW + timedelta(days=999)


async def test_rows_that_were_put_aside_are_offered_anew(pool: Pool) -> None:
    await post(pool)
    outbox = PostgresOutbox(pool, ANNOUNCER)
    (parked,) = await due_mails(outbox, NOW, LEASE, 10)
    await outbox.settle([], [parked.row], NOW)
    assert not await due_mails(outbox, LATER, LATER, 10)
    (statement,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    await pool.execute(statement)
    (again,) = await due_mails(outbox, LATER, LATER, 10)
    assert (again.row, again.attempts) == (parked.row, 1)
