from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import orjson
import pytest

from tests.contacts import contact

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from worker.stack.state import StackState

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]


@pytest.mark.parametrize(
    "arguments",
    [
        ("dossier", "Z-0"),
        ("klantcontact", str(UUID(int=0))),
        ("document", str(UUID(int=0)), "--output", "x"),
        ("register", "show", "zaak", "Z-0"),
        ("register", "set", "zaaktype", "niets", "--notificaties", "uit"),
        ("register", "import", "niets.jsonl"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_what_is_not_there_is_exit_status_1_and_a_line(run: Run, arguments: tuple[str]) -> None:
    result = run(*arguments, code=1)
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("niets",),
        ("dossier",),
        ("klantcontact", "geen-uuid"),
        ("register", "set", "zaaktype", "x"),
        ("register", "set", "zaaktype", "x", "--klantcontacten", "misschien"),
        ("register", "show", "buren"),
        ("worker", "--role", "kok"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_status_2(run: Run, arguments: tuple[str]) -> None:
    assert run(*arguments, code=2).stderr


def test_the_version_is_said_without_anything_else(run: Run) -> None:
    assert run("--version").stdout == f"{version('klantcontact')}\n"


@pytest.mark.usefixtures("database")
def test_offering_parked_rows_again_says_how_many_there_were(run: Run) -> None:
    assert run("unpark").stdout == "0 rows of the outbox will be tried again.\n"
    assert json.loads(run("unpark", "--json").stdout) == {"unparked": 0}


def test_migrating_says_what_it_did(
    run: Run, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLANTCONTACT_POSTGRES_URL", empty_database)
    assert "Applied: 0001" in run("migrate").stdout
    assert "up to date" in run("migrate").stdout
    assert json.loads(run("migrate", "--json").stdout) == {"applied": []}


def test_settings_are_shown_as_they_are_in_force_with_secrets_masked(
    run: Run, environment: dict[str, str]
) -> None:
    shown = run("settings").stdout
    assert "KLANTCONTACT_SMTP_CONNECTIONS=2" in shown
    assert environment["KLANTCONTACT_POSTGRES_URL"] not in shown
    document = json.loads(run("settings", "--json").stdout)
    assert document["KLANTCONTACT_AMQP_URL"] == "(set, not shown)"


def test_the_topology_is_printed_and_checked(
    run: Run, services: StackState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLANTCONTACT_AMQP_URL", services.amqp_admin)
    printed = json.loads(run("topology", "definitions").stdout)
    assert {each["name"] for each in printed["queues"]} >= {"klantcontact.zaken"}
    assert "every exchange and queue" in run("topology", "check").stdout
    assert json.loads(run("topology", "check", "--json").stdout)["complete"]


def test_a_contact_is_published_and_confirmed(
    run: Run, environment: dict[str, str], services: StackState, monkeypatch: pytest.MonkeyPatch
) -> None:
    del environment
    monkeypatch.setenv("KLANTCONTACT_AMQP_URL", services.users["callcenter"])
    content = orjson.dumps(contact())
    shown = run("publish", "-", "--client-id", "kcc", given=content).stdout
    assert shown.startswith("Confirmed by the broker: message ")
    name = str(uuid4())
    named = ("publish", "-", "--client-id", "kcc", "--id", name, "--json")
    document = json.loads(run(*named, given=content).stdout)
    assert document == {"id": name, "confirmed": True}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-", "--as", "balie"), (1, "is of user callcenter")),
        (("niets.json",), (1, "cannot be read")),
        (("-", "--kanaal", "balie"), (1, "permissions")),
        (("-", "--id", "x" * 256), (2, "--id is too long")),
        (("-", "--header", "zaak"), (2, "NAME=VALUE")),
        (("-", "--header", "Authorization=Bearer x"), (2, "--token-file")),
        (("-", "--token-file", "niets.jwt"), (1, "niets.jwt cannot be read")),
        (("-", "--token-file", "/dev/null"), (1, "holds no token")),
        (("-", "--client-id", "buur"), (1, "no secret of the client id buur")),
    ],
    ids=[
        "another user",
        "no file",
        "another kanaal",
        "a long id",
        "a header without value",
        "a token on the command line",
        "no token file",
        "an empty token file",
        "a client without secret",
    ],
)
def test_a_contact_that_cannot_be_published_is_a_clear_line(
    run: Run,
    services: StackState,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    told: tuple[int, str],
) -> None:
    monkeypatch.setenv("KLANTCONTACT_AMQP_URL", services.users["callcenter"])
    code, says = told
    result = run("publish", "--client-id", "kcc", *arguments, code=code, given=b"{}")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "command", ["migrate", "dossier x", "topology check", "register show zaak"]
)
def test_a_service_that_is_away_is_a_clear_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("KLANTCONTACT_POSTGRES_URL", "postgresql://u:geheim@127.0.0.1:1/x")
    monkeypatch.setenv("KLANTCONTACT_AMQP_URL", "amqp://u:geheim@127.0.0.1:1/")
    result = run(*command.split(), code=1)
    assert "does not answer" in result.stderr
    assert "geheim" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_setting_that_is_wrong_is_a_clear_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLANTCONTACT_BATCH_SIZE", "veel")
    assert "KLANTCONTACT_BATCH_SIZE" in run("settings", code=1).stderr


def test_a_contact_that_no_queue_takes_is_not_confirmed(
    run: Run, services: StackState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLANTCONTACT_AMQP_URL", services.amqp_admin)
    arguments = ("publish", "-", "--kanaal", "niets", "--client-id", "kcc")
    result = run(*arguments, code=1, given=b"{}")
    assert "the broker did not take the message" in result.stderr
    refused = run(*arguments, "--json", code=1, given=b"{}")
    assert json.loads(refused.stdout)["confirmed"] is False
