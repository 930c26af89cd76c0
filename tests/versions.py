"""With what the tests ran: Python, and the services as they answered themselves.

A plugin of pytest: the processes that run side by side hand their services' versions over to the
first one, which prints them at the end.
"""

from __future__ import annotations

import asyncio
import platform
import sys
from typing import TYPE_CHECKING, Any, Final

import aio_pika
import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.stack.state import StackState

_HANDED_OVER: Final = "klantcontact-services"
_SEEN: Final = pytest.StashKey[set[str]]()


@pytest.fixture(scope="session")
def note_versions(pytestconfig: pytest.Config) -> Callable[[StackState], None]:
    """Asks the services for their versions, which are kept for the end."""

    def note(state: StackState) -> None:
        with psycopg.connect(state.postgres, autocommit=True) as connection:
            postgres = connection.info.parameter_status("server_version")
        broker = asyncio.run(_broker(state.amqp))
        _seen(pytestconfig).add(f"RabbitMQ {broker}, PostgreSQL {postgres}")

    return note


def _seen(config: pytest.Config) -> set[str]:
    return config.stash.setdefault(_SEEN, set())


async def _broker(url: str) -> str:
    async with await aio_pika.connect(url) as connection:
        assert connection.transport is not None
        told = connection.transport.connection.server_properties["version"]
    return told.decode() if isinstance(told, bytes) else str(told)


def pytest_report_header() -> str:
    return _python()


def _python() -> str:
    return f"Python {platform.python_version()} ({sys.executable})"


def pytest_sessionfinish(session: pytest.Session) -> None:
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_HANDED_OVER] = sorted(_seen(session.config))


class SideBySide:
    """What only pytest-xdist calls."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 (xdist has no types)
        given = getattr(node, "workeroutput", {}).get(_HANDED_OVER, [])
        _seen(node.config).update(given)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SideBySide())


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401 (pytest exports no type)
    services = sorted(_seen(config)) or ["no services"]
    terminalreporter.write_line(f"tested with {_python()}; {'; '.join(services)}")
