"""One embedded stack: a RabbitMQ node, a PostgreSQL server and a mail catcher in one folder.

It outlives the command that started it. What runs is known by records of processes in the
folder, so a stack whose starter or whose parts were killed is put right by the next command.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from worker.rabbitmq.topology import USERS
from worker.rabbitmq.users import ADMIN
from worker.stack import chosen, parts, private
from worker.stack.broker import ExistingBroker, existing
from worker.stack.errors import StackError
from worker.stack.lock import held
from worker.stack.looking import away, partly, state_of
from worker.stack.mail import MailCatcher
from worker.stack.ports import reserved_again
from worker.stack.postgres import Server
from worker.stack.postgres_programs import find_or_unpack as find_postgres
from worker.stack.process import end
from worker.stack.rabbitmq import Node
from worker.stack.signals import ignored, raising
from worker.stack.software import find_or_unpack as find_rabbitmq
from worker.stack.state import StackState
from worker.stack.tokens import prepare as prepare_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

STOP_TIMEOUT: Final = 20.0
_DATABASE_OWNER: Final = "postgres"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
# PostgreSQL's "fast": roll back what is open and stop; SIGTERM would wait for the clients.
_SIGNALS: Final = {"postgres": signal.SIGINT}


class Stack:
    """The stack `name`, with all that it is in `root`/`name`.

    Every method raises StackError, with one line that says what to do, and nothing else for what
    a machine or an outage does. Only one process at a time changes a stack; others wait.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        *,
        environment: Mapping[str, str] = os.environ,
        report: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """`report` is called with a line for each thing that takes long."""
        if not _NAME.fullmatch(name):
            message = f"{name!r} is no name for a stack: use small letters, digits and hyphens"
            raise StackError(message)
        self._root = root.absolute()
        self._folder = self._root / name
        self._run = self._folder / "run"
        self._environment = environment
        self._report = report

    def up(self) -> StackState:
        """Start what doesn't run yet, on the ports that it had, and return how to reach it.

        Blocks, up to a minute or two the first time; not for use inside a running event loop.
        """
        with self._alone():
            chosen.check(self._folder, self._environment)
            state = self.status()
            if state is not None:
                return state
            missing = parts.missing(self._folder)
            # Killed from here on, it leaves no addresses that may be others by now.
            self._state_file.unlink(missing_ok=True)
            self._end(missing)
            try:
                with raising():
                    state = self._start(missing)
            except BaseException:
                with ignored():
                    self._end_all()
                raise
            private.write(self._state_file, state.model_dump_json())
            return state

    def status(self) -> StackState | None:
        """How to reach the stack, or None when it doesn't run, or not all of it."""
        return state_of(self._folder)

    def away(self) -> list[str]:
        """The names of what ended while the rest of the stack runs; none if nothing runs."""
        return away(self._folder) if partly(self._folder) is not None else []

    def down(self) -> None:
        """Stop everything; data, mails and ports stay."""
        with self._alone():
            self._end_all()

    def reset(self) -> None:
        """Stop everything and delete data, mails, passwords and keys."""
        with self._alone():
            self._end_all()
            if self._folder.exists():
                shutil.rmtree(self._folder)

    def _start(self, missing: Collection[str]) -> StackState:
        private.make_folder(self._folder)
        private.make_folder(self._run)
        with reserved_again(parts.idle_ports(self._folder, missing)) as again:
            return self._start_on(parts.kept_ports(self._folder) | again, missing)

    def _start_on(self, ports: Mapping[str, int], missing: Collection[str]) -> StackState:
        passwords = self._passwords()
        tokens = prepare_tokens(self._folder)
        broker = self._broker(passwords, (ports["amqp"], ports["distribution"], ports["epmd"]))
        database = self._database(passwords[_DATABASE_OWNER], ports["postgres"])
        # Both are there, so data will be made with them.
        chosen.keep(self._folder, self._environment)
        parts.keep_ports(self._folder, ports)
        catcher = MailCatcher(self._folder / "mail", self._run, ports["smtp"])
        # The slowest first: the others start while the node does.
        all_of_them = {"broker": broker, "mail": catcher, "database": database}
        services = [service for name, service in all_of_them.items() if name in missing]
        for service in services:
            service.start()
        for service in services:
            service.await_ready()
        return StackState(
            amqp=broker.url("worker"),
            amqp_admin=broker.url(ADMIN),
            postgres=database.url,
            smtp=catcher.address,
            mail_dir=catcher.directory,
            users={user: broker.url(user) for user in USERS if user in broker.passwords},
            token_secrets=tokens.secrets,
            openid_jwks=tokens.key_set,
            openid_key=tokens.key,
        )

    def _broker(
        self, passwords: Mapping[str, str], ports: tuple[int, int, int]
    ) -> Node | ExistingBroker:
        named = existing(self._environment)
        if named is not None:
            return named
        search = self._environment.get("PATH", "")
        asked = self._environment.get(chosen.RABBITMQ, "")
        software = find_rabbitmq(self._software, self._report, search, asked)
        users = {user: passwords[user] for user in (*USERS, ADMIN)}
        return Node(self._folder / "rabbitmq", self._run, software, users, ports)

    def _database(self, password: str, port: int) -> Server:
        asked = self._environment.get(chosen.POSTGRES, "")
        programs = find_postgres(self._software, self._report, asked)
        return Server(self._folder / "postgres", self._run, password, port, programs)

    def _passwords(self) -> dict[str, str]:
        """Made once: the data outlives a `down`, and knows them."""
        file = self._folder / "passwords.json"
        kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        names = (*USERS, ADMIN, _DATABASE_OWNER)
        passwords = {name: kept.get(name) or secrets.token_urlsafe(24) for name in names}
        private.write(file, json.dumps(passwords))
        return passwords

    def _end(self, services: Collection[str]) -> None:
        """What is left of these."""
        end(parts.processes_of(self._folder, services), _SIGNALS, seconds=STOP_TIMEOUT)

    def _end_all(self) -> None:
        self._state_file.unlink(missing_ok=True)
        self._end(parts.SERVICES)

    @property
    def _software(self) -> Path:
        return self._root / "software"

    @property
    def _state_file(self) -> Path:
        return self._folder / "state.json"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the stack's lock, and say what the machine refuses in the user's terms."""
        try:
            with held(self._root / f"{self._folder.name}.lock"):
                yield
        except OSError as error:
            message = f"the stack in {self._folder} can't be used: {error}"
            raise StackError(message) from error
