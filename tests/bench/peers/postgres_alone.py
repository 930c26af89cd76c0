"""PostgreSQL alone: the statements by which our intake writes, with their arguments at hand.

The real intake is run without a broker on a connection that answers its questions, keeps what
it would write and writes nothing. The clock runs for the writing only: a batch a transaction,
as many at once as the intake has lanes.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from tests.bench.material import messages
from tests.bench.peers.same_work import pool
from tests.bench.peers.task import Task, answer
from tests.bench.peers.trusting import Trusting
from worker import logs
from worker.domain.question import Policy
from worker.envelope import Delivery
from worker.intake import Intake
from worker.judging import Judge
from worker.outcomes import Announcer
from worker.postgres.registration import Transaction
from worker.rabbitmq.topology import REGISTRATIE, REGISTRATIE_QUEUES
from worker.reading import Reader
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.bench.peers.same_work import Pool
    from worker.postgres.pool import Connection


@dataclass(frozen=True, slots=True)
class Call:
    """A write: which method of a connection, with what."""

    method: str
    arguments: tuple[Any, ...]
    named: dict[str, Any] = field(default_factory=dict)


@dataclass
class Recorder:
    """In the place of a connection: reads are real, writes are kept for later."""

    pool: Pool
    calls: list[Call] = field(default_factory=list)

    async def fetch(self, statement: str, *arguments: object) -> list[Any]:
        """Ask the database."""
        return await self.pool.fetch(statement, *arguments)

    async def fetchval(self, statement: str, *arguments: Any) -> int:  # noqa: ANN401 (asyncpg's)
        """The claim: every key is new."""
        self.calls.append(Call("fetchval", (statement, *arguments)))
        return len(arguments[0])

    async def execute(self, statement: str, *arguments: object) -> None:
        """Keep a statement."""
        self.calls.append(Call("execute", (statement, *arguments)))

    async def copy_records_to_table(self, table: str, **named: Any) -> None:  # noqa: ANN401
        """Keep a COPY."""
        self.calls.append(Call("copy_records_to_table", (table,), named))


@dataclass
class RecordingStore:
    """In the place of the intake's store."""

    pool: Pool
    batches: list[list[Call]] = field(default_factory=list)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Nothing of it reaches the database."""
        recorder = Recorder(self.pool)
        yield Transaction(cast("Connection", recorder), Announcer("urn:bench"), timedelta(0))
        self.batches.append(recorder.calls)


async def run(task: Task) -> float:
    """Write the rows of all messages; ends with the last commit."""
    settings = Settings(log_level="error", _env_file=None)
    logs.configure(settings)
    lanes = task.options.get("lanes", settings.intake_lanes)
    async with pool(task.postgres, lanes) as opened:
        store = RecordingStore(opened)
        reader = Reader(Trusting(), settings.message_bytes, REGISTRATIE_QUEUES, logs.log())
        intake = Intake(reader, store, Judge(Policy(), ()), _now, logs.log())
        for batch in _batches(task, settings.batch_size):
            await intake.take(batch)
        waiting = iter(store.batches)
        start = time.perf_counter()
        await asyncio.gather(*(_write(opened, waiting) for _ in range(lanes)))
        return time.perf_counter() - start


async def _write(opened: Pool, waiting: Iterator[list[Call]]) -> None:
    async with opened.acquire() as connection:
        for batch in waiting:
            async with connection.transaction():
                for call in batch:
                    await getattr(connection, call.method)(*call.arguments, **call.named)


def _batches(task: Task, size: int) -> Iterator[list[Delivery]]:
    waiting = [
        Delivery(
            each.body, f"{REGISTRATIE}.{each.kanaal}", each.kanaal, each.id, "application/json"
        )
        for each in messages(task.messages, task.seed)
    ]
    for first in range(0, len(waiting), size):
        yield waiting[first : first + size]


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    answer(run)
