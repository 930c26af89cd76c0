"""Where no services are named, the commands are those of the embedded stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.contacts import contact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from worker.stack.state import StackState

    Run = Callable[..., Result]


@pytest.fixture
def on_the_stack(
    run: Run, services: StackState, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Run:
    """The tests' own stack, under the name by which the commands look for one."""
    (tmp_path / "stack").symlink_to(services.token_secrets.parent)
    monkeypatch.setenv("KLANTCONTACT_STACK_DIR", str(tmp_path))
    named = ("AMQP_URL", "POSTGRES_URL", "SMTP_HOST", "SMTP_PORT")
    for name in (*named, "TOKEN_SECRETS_FILE", "OPENID_JWKS"):
        monkeypatch.delenv(f"KLANTCONTACT_{name}")
    return run


def test_the_settings_are_those_of_the_stack(
    on_the_stack: Run, environment: dict[str, str]
) -> None:
    shown = json.loads(on_the_stack("settings", "--json").stdout)
    assert shown["KLANTCONTACT_SMTP_PORT"] == environment["KLANTCONTACT_SMTP_PORT"]


def test_the_keys_are_those_of_the_stack_unless_one_is_named(
    on_the_stack: Run, services: StackState, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = json.loads(on_the_stack("settings", "--json").stdout)
    assert shown["KLANTCONTACT_TOKEN_SECRETS_FILE"] == str(services.token_secrets)
    assert shown["KLANTCONTACT_OPENID_JWKS"] == str(services.openid_jwks)
    monkeypatch.setenv("KLANTCONTACT_OPENID_JWKS", "https://idp.example.nl/jwks")
    shown = json.loads(on_the_stack("settings", "--json").stdout)
    assert shown["KLANTCONTACT_TOKEN_SECRETS_FILE"] is None


def test_the_keys_of_the_stack_prove_nothing_that_another_broker_brings(
    on_the_stack: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLANTCONTACT_AMQP_URL", "amqp://worker@broker.example.nl/")
    shown = json.loads(on_the_stack("settings", "--json").stdout)
    assert shown["KLANTCONTACT_TOKEN_SECRETS_FILE"] is None
    assert shown["KLANTCONTACT_OPENID_JWKS"] is None


@pytest.mark.parametrize("user", ["callcenter", "balie"])
def test_a_contact_is_published_as_the_applicatie_that_is_named(
    on_the_stack: Run, user: str
) -> None:
    content = orjson.dumps(contact())
    assert "Confirmed" in on_the_stack("publish", "-", "--as", user, given=content).stdout


def test_an_applicatie_that_the_stack_does_not_know_is_a_clear_line(on_the_stack: Run) -> None:
    result = on_the_stack("publish", "-", "--as", "buur", code=1, given=b"{}")
    assert "the stack has no user buur; it has: callcenter, " in result.stderr


def test_of_a_stack_that_runs_in_part_it_is_said_what_is_away(
    on_the_stack: Run, services: StackState, database: str, tmp_path: Path
) -> None:
    """What runs is used; nothing is looked for on ports that were never its own."""
    (tmp_path / "stack").unlink()
    run = tmp_path / "stack" / "run"
    run.mkdir(parents=True)
    ours = services.token_secrets.parent
    (run / "postgres.pid").write_bytes((ours / "run" / "postgres.pid").read_bytes())
    # As it stands where the process ended: of no process that there is.
    left = (ours / "run" / "rabbitmq.pid").read_text().rpartition(")")
    (run / "rabbitmq.pid").write_text(f"{left[0]}) Z {'0 ' * 50}")
    addresses = {"amqp": "amqp://worker:x@127.0.0.1:1/", "postgres": database}
    away = services.model_copy(update=addresses)
    (tmp_path / "stack" / "state.json").write_text(away.model_dump_json())
    assert on_the_stack("register", "show", "zaak", code=1).stderr.startswith("The register has")
    assert "RabbitMQ does not answer" in on_the_stack("topology", "check", code=1).stderr
    said = on_the_stack("stack", "status", code=1).stderr
    assert said == "Of the stack RabbitMQ ended; start it again with: klantcontact stack up\n"
