"""Where no services are named, the commands are those of the embedded stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.contacts import contact
from worker.stack.instance import default_root

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Run = Callable[..., Result]


@pytest.fixture
def on_the_stack(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The tests' own stack, under the name by which the commands look for one."""
    (tmp_path / "stack").symlink_to(default_root({}) / "tests")
    monkeypatch.setenv("KLANTCONTACT_STACK_DIR", str(tmp_path))
    for name in ("AMQP_URL", "POSTGRES_URL", "SMTP_HOST", "SMTP_PORT"):
        monkeypatch.delenv(f"KLANTCONTACT_{name}")
    return run


def test_the_settings_are_those_of_the_stack(
    on_the_stack: Run, environment: dict[str, str]
) -> None:
    shown = json.loads(on_the_stack("settings", "--json").stdout)
    assert shown["KLANTCONTACT_SMTP_PORT"] == environment["KLANTCONTACT_SMTP_PORT"]


@pytest.mark.parametrize("user", ["callcenter", "balie"])
def test_a_contact_is_published_as_the_applicatie_that_is_named(
    on_the_stack: Run, user: str
) -> None:
    content = orjson.dumps(contact())
    assert "Confirmed" in on_the_stack("publish", "-", "--as", user, given=content).stdout


def test_an_applicatie_that_the_stack_does_not_know_is_a_clear_line(on_the_stack: Run) -> None:
    result = on_the_stack("publish", "-", "--as", "buur", code=1, given=b"{}")
    assert "the stack has no user buur; it has: callcenter, " in result.stderr
