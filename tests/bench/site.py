"""What a row works with: the stack, prepared databases, and a folder for logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from tests.bench import broker, database, jobs, tokens
from tests.bench.database import WrongResult
from tests.bench.material import messages, register
from tests.bench.peers.task import Task
from tests.bench.processes import WORKER, command, peer, program
from worker.rabbitmq.topology import KANALEN, NOTIFICATIE_EMAIL, REGISTRATIE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.bench.material import Message
    from tests.bench.processes import Program
    from worker.stack.state import StackState

SECONDS: Final = 120.0
"""The longest that a row may take."""
REGISTER: Final = "bench_register"
OUTBOX: Final = "bench_outbox"
MAILS: Final = "bench_mails"
REFUSED: Final = "bench_refused"
_WORK: Final = "bench_work"


@dataclass
class Site:
    """One stack for all rows. Nothing of one row reaches the next."""

    state: StackState
    folder: Path
    software: Path
    kanalen: tuple[str, ...] = KANALEN
    options: dict[str, int] = field(default_factory=dict)
    """Settings of the peers in the place of their best ones."""
    kept: set[str] = field(default_factory=set)
    """Databases that a row made for itself and changes no more."""
    ratios: dict[str, list[float]] = field(default_factory=dict)
    """Of times that a row took by turns, one a round."""
    commands: dict[str, float] = field(default_factory=dict)
    """Seconds that whole commands took, the last time."""
    _made: set[str] = field(default_factory=set)
    _seed: int = 0

    @property
    def queues(self) -> list[str]:
        """The queues that the messages are in."""
        return [f"{REGISTRATIE}.{kanaal}" for kanaal in self.kanalen]

    @property
    def jobs(self) -> Path:
        """The mail jobs that the relay made of the prepared outbox."""
        return self.folder / "jobs.jsonl"

    @property
    def secrets(self) -> Path:
        """The secrets of tokens, for the program."""
        file = self.folder / "secrets.json"
        if not file.exists():
            tokens.write(file)
        return file

    async def database(self, template: str = REGISTER) -> str:
        """A database of the row's own, with what `template` holds."""
        return await database.copy(self.state.postgres, template, _WORK)

    async def fill(self, count: int, how: Callable[[Message], Message] | None = None) -> None:
        """`count` messages, never seen before, in the queues and nothing in any other.

        `how` changes each of them.
        """
        self._seed += 1
        fresh = messages(count, self._seed, self.kanalen)
        await self.put(map(how, fresh) if how else fresh)

    async def put(self, those: Iterable[Message], at_once: int = 10_000) -> None:
        """These messages in the queues and nothing in any other; `at_once` in our memory."""
        await broker.purge(self.state.amqp_admin)
        waiting = iter(those)
        while some := list(islice(waiting, at_once)):
            await broker.fill(self.state.users, some)

    async def expect_waiting(self, wanted: Mapping[str, int]) -> None:
        """Raise WrongResult where other messages wait than those in `wanted`, by queue."""
        waiting = await broker.waiting(self.state.amqp_admin)
        if waiting != wanted:
            raise WrongResult(f"waiting in the queues: expected {wanted}, found {waiting}")

    def pair(self, name: str, ratio: float) -> None:
        """One more round's ratio of times."""
        self.ratios.setdefault(name, []).append(ratio)

    def settings(self, url: str, smtp_port: int = 1) -> dict[str, str]:
        """The settings of a program on this stack; the others are the defaults."""
        return {
            "KLANTCONTACT_AMQP_URL": self.state.amqp,
            "KLANTCONTACT_POSTGRES_URL": url,
            "KLANTCONTACT_SMTP_HOST": "127.0.0.1",
            "KLANTCONTACT_SMTP_PORT": str(smtp_port),
            "KLANTCONTACT_LOG_FORMAT": "json",
            # Each klantcontact has mails of its own: that is the most work.
            "KLANTCONTACT_MAIL_WINDOW": "PT0S",
            "KLANTCONTACT_TOKEN_SECRETS_FILE": str(self.secrets),
        }

    def worker(
        self, url: str, *roles: str, smtp_port: int = 1, name: str = "worker", **settings: str
    ) -> AbstractAsyncContextManager[Program]:
        """The program with these settings, its log in the folder."""
        log = self.folder / f"{name}.log"
        more = {f"KLANTCONTACT_{name.upper()}": value for name, value in settings.items()}
        return program(self.settings(url, smtp_port) | more, WORKER, roles, log)

    def trusting(self, url: str) -> AbstractAsyncContextManager[Program]:
        """The intake without tokens."""
        log = self.folder / "trusting.log"
        return program(self.settings(url), ("tests.bench.peers.trusting",), (), log)

    async def peer(self, name: str, count: int, url: str = "", smtp_port: int = 0) -> float:
        """Run a peer as its own process; seconds."""
        task = Task(
            messages=count,
            amqp=self.state.amqp_admin,
            postgres=url,
            queues=self.queues,
            smtp_port=smtp_port,
            jobs=str(self.jobs),
            seed=self._seed,
            options=self.options,
        )
        return await peer(name, task, self.folder / f"{name}.log", SECONDS)

    async def need_register(self) -> None:
        """Make the template with the schema and the register, if it isn't there."""
        if REGISTER in self._made:
            return
        url = await database.copy(self.state.postgres, "template1", REGISTER)
        file = self.folder / "register.jsonl"
        file.write_bytes(b"".join(register()))
        settings = self.settings(url)
        await command(settings, "migrate", cwd=self.folder)
        await command(settings, "register", "import", str(file), "--time", "now", cwd=self.folder)
        self._made.add(REGISTER)

    async def need_outbox(self, count: int) -> None:
        """Make the template in which `count` mails wait in the outbox."""
        await self.need_register()
        if OUTBOX in self._made:
            return
        url = await database.copy(self.state.postgres, REGISTER, OUTBOX)
        await self.fill(count)
        async with database.commits(url) as commits, self.worker(url, "intake"):
            await commits.last(count, SECONDS)
        async with database.connection(url) as connection:
            # The rows about mail measure mails; each message brought an event as well.
            await connection.execute("delete from outbox where soort <> 'mail'")
        await database.expect(url, outbox=count)
        self._made.add(OUTBOX)

    async def need_refused(self, count: int) -> None:
        """Make the template with `count` dead letters whose cause was mended since."""
        await self.need_register()
        if REFUSED in self._made:
            return
        url = await database.copy(self.state.postgres, REGISTER, REFUSED)
        async with database.connection(url) as connection:
            await connection.execute("update zaaktype set klantcontacten_toegestaan = false")
            await self.fill(count)
            async with self.worker(url, "intake"):
                enough = f"select count(*) >= {count} from dead_letter"  # noqa: S608 (a number)
                await database.until(url, enough, SECONDS)
            await connection.execute("update zaaktype set klantcontacten_toegestaan = true")
            # What was told of the refusals has long gone out.
            await connection.execute("delete from outbox")
        self._made.add(REFUSED)

    async def need_mails(self, count: int) -> None:
        """Make the template in which `count` mails are offered, and the file of their jobs."""
        await self.need_outbox(count)
        if MAILS in self._made:
            return
        url = await database.copy(self.state.postgres, OUTBOX, MAILS)
        await broker.purge(self.state.amqp_admin)
        async with self.worker(url, "relay"):
            await database.until(url, "select not exists (select from outbox)", SECONDS)
        taken = await broker.drain(self.state.amqp_admin, NOTIFICATIE_EMAIL, count)
        jobs.write(self.jobs, taken)
        self._made.add(MAILS)
