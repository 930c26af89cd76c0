"""How every command begins and ends."""

from __future__ import annotations

import asyncio
import getpass
import json
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import typer
from pydantic import SecretStr
from rich.console import Console

from worker import logs
from worker.errors import KlantcontactError, WrongUsage
from worker.settings import Settings, load
from worker.stack.looking import default_root, partly

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from worker.stack.state import StackState

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
As = Annotated[
    str | None, typer.Option("--as", help="Who acts; without it, the user of this system.")
]
Answer = TypeVar("Answer")

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)


def call(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run `work`; what the user or an outage did wrong becomes one line and its exit status."""
    with errors_in_a_line():
        return asyncio.run(work)


@contextmanager
def errors_in_a_line() -> Iterator[None]:
    """No traceback for what a user or an outage did; exit status 2 for wrong usage, else 1."""
    try:
        yield
    except* KlantcontactError as group:
        error = _innermost(group)
        typer.echo(f"Error: {error}", err=True)
        code = 2 if isinstance(error, WrongUsage) else 1
    else:
        return
    raise typer.Exit(code)


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def settings() -> Settings:
    """The settings; where no broker, database, mail server or keys are named, the stack's."""
    logs.silence_libraries()
    with errors_in_a_line():
        configured = load()
    state = running_stack()
    if state is None:
        return configured
    host, _, port = state.smtp.rpartition(":")
    of_the_stack: dict[str, object] = {
        "amqp_url": SecretStr(state.amqp),
        "postgres_url": SecretStr(state.postgres),
        "smtp_host": host,
        "smtp_port": int(port),
    }
    given = configured.model_fields_set
    missing = {name: value for name, value in of_the_stack.items() if name not in given}
    effective = configured.model_copy(update=missing)
    if given & _KEYS or not on_the_stack(effective, state):
        return effective
    # Only there: what another broker brings must not be proven by keys that lie about here.
    keys = {"token_secrets_file": state.token_secrets, "openid_jwks": str(state.openid_jwks)}
    return effective.model_copy(update=keys)


_KEYS = {"token_secrets_file", "openid_jwks"}


def on_the_stack(settings: Settings, state: StackState) -> bool:
    """Whether the broker is the stack's."""
    return settings.amqp_url.get_secret_value() in {state.amqp, *state.users.values()}


def running_stack() -> StackState | None:
    """The embedded stack, if any of it runs: what is away is then said by its name."""
    return partly(default_root() / "stack")


def print_json(document: object) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(document, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    """Moments and dates as ISO 8601 has them."""
    return value.isoformat() if isinstance(value, date) else str(value)


def moment(when: datetime) -> str:
    """A moment as people in the Netherlands read it, to the minute."""
    return f"{when.astimezone(_AMSTERDAM):%Y-%m-%d %H:%M}"


def acting(name: str | None) -> str:
    """Who acts: as named, or the user of this system."""
    return name or getpass.getuser()
