"""A run of the tests names what it ran with, also where processes run tests side by side."""

from __future__ import annotations

import platform
import re
from types import SimpleNamespace
from typing import Any

import pytest

from tests import versions


def _summary(config: Any) -> str:  # noqa: ANN401 (as much of pytest's as the plugin looks at)
    lines: list[str] = []
    versions.pytest_terminal_summary(SimpleNamespace(write_line=lines.append), config)
    return "\n".join(lines)


def _handed_over(config: pytest.Config) -> Any:  # noqa: ANN401 (as above)
    """The first process's configuration, after another one with `config` has ended."""
    output: dict[str, Any] = {}
    one: Any = SimpleNamespace(config=SimpleNamespace(stash=config.stash, workeroutput=output))
    versions.pytest_sessionfinish(one)
    first = SimpleNamespace(stash=pytest.Stash())
    versions.SideBySide().pytest_testnodedown(SimpleNamespace(workeroutput=output, config=first))
    return first


@pytest.mark.usefixtures("services")
def test_a_run_names_python_rabbitmq_and_postgresql(pytestconfig: pytest.Config) -> None:
    assert platform.python_version() in versions.pytest_report_header()
    for config in (pytestconfig, _handed_over(pytestconfig)):
        named = rf"tested with Python {platform.python_version()} .*; RabbitMQ \d\S*, PostgreSQL \d"
        assert re.match(named, _summary(config))


def test_a_run_without_services_says_so() -> None:
    assert _summary(SimpleNamespace(stash=pytest.Stash())).endswith("; no services")
