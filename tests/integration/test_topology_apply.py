"""`klantcontact topology apply`, on a RabbitMQ with its management plugin."""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from tests.certificates import HERE, Authority
from tests.managed import managed
from tests.proxy import passing
from tests.waiting import DEADLINE
from worker.cli import app, managing
from worker.rabbitmq.topology import REGISTRATIE_QUEUES, ZAKEN, definitions
from worker.rabbitmq.users import ADMIN
from worker.stack import chosen
from worker.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.managed import Managed

    Apply = Callable[..., Result]

_POLICY = "policies/%2F/klantcontact"


@pytest.fixture(scope="module")
def node() -> Iterator[Managed]:
    """A broker of this module's own: no other test wants the management plugin."""
    entered = managed()
    try:
        ours = entered.__enter__()
    except StackError as error:
        if os.environ.get("CI") == "true" or any(chosen.choice(os.environ).values()):
            raise
        pytest.skip(f"no RabbitMQ: {error}")
    try:
        yield ours
    finally:
        entered.__exit__(None, None, None)


@pytest.fixture
def rabbitmq(node: Managed) -> Managed:
    """The broker with nothing of the topology on it."""
    node.empty()
    return node


@pytest.fixture
def apply(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> Apply:
    """Runs the command as the administrator of `rabbitmq`, unless told otherwise."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def invoke(*arguments: str, code: int = 0, password: str | None = None, **to: str) -> Result:
        if not {"url", "password"} <= {*to, *(("password",) if password is not None else ())}:
            ours: Managed = request.getfixturevalue("rabbitmq")
            to = {"url": ours.url, **to}
            password = ours.passwords[ADMIN] if password is None else password
        to = {"user": ADMIN, **to}
        options = [word for name, value in to.items() for word in (f"--{name}", value)]
        command = ["topology", "apply", *options, "--password-file", "-", *arguments]
        result = CliRunner().invoke(app, command, input=f"{password}\n")
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return invoke


def _there(rabbitmq: Managed, kind: str) -> dict[str, Any]:
    return {each["name"]: each for each in rabbitmq.definitions()[kind]}


def test_what_is_applied_is_there_afterwards(rabbitmq: Managed, apply: Apply) -> None:
    apply()
    there, wanted = rabbitmq.definitions(), definitions()
    for kind in ("exchanges", "queues", "policies"):
        assert {each["name"] for each in there[kind]} == {each["name"] for each in wanted[kind]}
    bindings = [(each["source"], each["destination"]) for each in there["bindings"]]
    assert sorted(bindings) == sorted(
        (each["source"], each["destination"]) for each in wanted["bindings"]
    )
    assert _there(rabbitmq, "queues")[ZAKEN]["arguments"] == {"x-queue-type": "quorum"}


def test_a_line_says_what_was_done(rabbitmq: Managed, apply: Apply) -> None:
    told = apply()
    assert told.stderr == ""
    assert told.stdout == (
        f"Applied to {rabbitmq.url}: 7 exchanges, 9 queues, 9 bindings and 2 policies;"
        " 27 of them are new.\n"
    )


def test_applied_again_nothing_is_new_and_no_message_is_lost(
    rabbitmq: Managed, apply: Apply
) -> None:
    apply()
    sent = {"properties": {}, "routing_key": "zaak", "payload": "x", "payload_encoding": "string"}
    rabbitmq.ask("POST", f"exchanges/%2F/{ZAKEN}/publish", sent)
    assert apply().stdout.endswith("; nothing is new.\n")
    taken = {"count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"}
    assert len(rabbitmq.ask("POST", f"queues/%2F/{ZAKEN}/get", taken)) == 1


def test_only_what_was_missing_is_new(rabbitmq: Managed, apply: Apply) -> None:
    apply()
    rabbitmq.ask("DELETE", f"queues/%2F/{ZAKEN}")
    told = json.loads(apply("--json").stdout)
    assert told == {
        "url": rabbitmq.url,
        "complete": True,
        "new": [f"queue {ZAKEN}", f"binding {ZAKEN} to {ZAKEN}"],
        "changed": [],
        "missing": [],
        "different": [],
    }


def test_a_policy_of_ours_that_was_changed_is_put_back_and_named(
    rabbitmq: Managed, apply: Apply
) -> None:
    apply()
    policy = _there(rabbitmq, "policies")["klantcontact"]
    usual = policy["definition"]
    rabbitmq.ask("PUT", _POLICY, {**policy, "definition": {**usual, "max-length": 5}})
    assert "Changed back: policy klantcontact (max-length)\n" in apply().stdout
    assert _there(rabbitmq, "policies")["klantcontact"]["definition"] == usual


def test_what_others_have_on_the_broker_is_left_alone(rabbitmq: Managed, apply: Apply) -> None:
    ours = {"pattern": "^elders", "definition": {"max-length": 5}, "priority": 50}
    rabbitmq.ask("PUT", "policies/%2F/elders", ours)
    rabbitmq.ask("PUT", "queues/%2F/elders", {"durable": True})
    apply()
    assert "elders" in _there(rabbitmq, "queues")
    assert _there(rabbitmq, "policies")["elders"]["definition"] == {"max-length": 5}


def test_a_queue_that_is_there_and_of_another_type_is_not_passed_over(
    rabbitmq: Managed, apply: Apply
) -> None:
    name = next(iter(REGISTRATIE_QUEUES))
    classic = {"durable": True, "arguments": {"x-queue-type": "classic"}}
    rabbitmq.ask("PUT", f"queues/%2F/{name}", classic)
    told = apply(code=1)
    assert told.stderr == (
        f"Error: queue {name} (x-queue-type) is not as it should be;"
        " RabbitMQ keeps it: delete it when it is empty, and apply again\n"
    )
    document = json.loads(apply("--json", code=1).stdout)
    assert document["complete"] is False
    assert document["different"] == [f"queue {name} (x-queue-type)"]


def test_an_exchange_that_is_there_and_of_another_type_is_not_passed_over(
    rabbitmq: Managed, apply: Apply
) -> None:
    rabbitmq.ask("PUT", f"exchanges/%2F/{ZAKEN}", {"type": "fanout", "durable": True})
    assert f"Error: exchange {ZAKEN} (type) is not as it should be;" in apply(code=1).stderr


def test_a_virtual_host_that_is_not_there_is_made(rabbitmq: Managed, apply: Apply) -> None:
    rabbitmq.ask("DELETE", "vhosts/%2F")
    assert "27 of them are new" in apply().stdout


def test_a_password_that_is_wrong_is_one_line(rabbitmq: Managed, apply: Apply) -> None:
    told = apply(code=1, password="mis-geheim")
    assert told.stdout == ""
    assert told.stderr.startswith("Error: RabbitMQ refuses the user or its password: ")
    assert told.stderr.endswith("; it must be one with the tag administrator\n")
    assert len(told.stderr.splitlines()) == 1
    assert rabbitmq.definitions()["queues"] == []


def test_a_user_that_is_no_administrator_is_refused_in_one_line(
    rabbitmq: Managed, apply: Apply
) -> None:
    told = apply(code=1, user="worker", password=rabbitmq.passwords["worker"])
    assert told.stderr.startswith("Error: RabbitMQ refuses the user or its password: Not ")
    assert len(told.stderr.splitlines()) == 1


def test_one_who_may_look_and_not_change_is_refused_as_well(
    rabbitmq: Managed, apply: Apply
) -> None:
    rabbitmq.ask("PUT", "users/kijker", {"password": "geheim", "tags": "policymaker"})
    rights = {"configure": "", "write": "", "read": ""}
    rabbitmq.ask("PUT", "permissions/%2F/kijker", rights)
    told = apply(code=1, user="kijker", password="geheim")
    assert "refuses the user or its password: Not administrator user; it must be" in told.stderr


async def test_by_https_the_broker_is_verified(rabbitmq: Managed, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    password = tmp_path / "password"
    password.write_text(rabbitmq.passwords[ADMIN], encoding="utf-8")
    async with passing(rabbitmq.url, authority.server(*HERE)) as proxy:
        url = proxy.url.replace("http://@", "https://").replace("http://", "https://")
        by = ("topology", "apply", "--url", url, "--user", ADMIN, "--password-file", str(password))
        refused = await asyncio.to_thread(CliRunner().invoke, app, by)
        assert refused.exit_code == 1
        assert "has a certificate that cannot be verified: " in refused.stderr
        told = await asyncio.to_thread(CliRunner().invoke, app, [*by, "--ca", str(authority.ca)])
    assert told.exit_code == 0, told.output
    assert "27 of them are new" in told.stdout


def test_the_password_comes_by_the_environment_as_well(
    rabbitmq: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLANTCONTACT_MANAGEMENT_URL", rabbitmq.url)
    monkeypatch.setenv("KLANTCONTACT_MANAGEMENT_USER", ADMIN)
    monkeypatch.setenv("KLANTCONTACT_MANAGEMENT_PASSWORD", rabbitmq.passwords[ADMIN])
    told = CliRunner().invoke(app, ["topology", "apply"])
    assert told.exit_code == 0, told.output


def test_on_a_terminal_the_password_is_asked_for_and_not_shown(rabbitmq: Managed) -> None:
    ours, terminal = os.openpty()
    with os.fdopen(ours, "r+b", buffering=0) as keyboard:
        command = ["topology", "apply", "--url", rabbitmq.url, "--user", ADMIN]
        process = subprocess.Popen(
            [sys.executable, "-m", "worker", *command],
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        try:
            shown = _shown_until(b"Password: ", keyboard.fileno())
            password = rabbitmq.passwords[ADMIN].encode()
            keyboard.write(password + b"\n")
            out, _ = process.communicate(timeout=DEADLINE)
            shown += keyboard.read(1000)
        finally:
            process.kill()
    assert process.returncode == 0
    assert b"27 of them are new" in out
    assert password not in shown


def _shown_until(text: bytes, terminal: int) -> bytes:
    """What comes on a terminal, until `text` does; within a minute."""
    shown = b""
    while text not in shown:
        readable, _, _ = select.select([terminal], [], [], 60)
        assert readable, shown
        shown += os.read(terminal, 1000)
    return shown


def test_nobody_is_asked_where_nobody_sits() -> None:
    told = CliRunner().invoke(
        app, ["topology", "apply", "--url", "http://localhost", "--user", "x"]
    )
    assert told.exit_code == 1
    assert told.stderr == (
        "Error: no password: name its file by --password-file,"
        " or set KLANTCONTACT_MANAGEMENT_PASSWORD\n"
    )


def test_no_password_is_taken_from_the_command_line(apply: Apply) -> None:
    told = apply("--password", "x", code=2, url="http://localhost", password="x")
    assert "No such option" in told.stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "holds no password in its first line"), (b"\xff", "is no text in UTF-8")],
    ids=["empty", "no text"],
)
def test_a_file_that_holds_no_password_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    where = ("--url", "http://localhost", "--user", "x", "--password-file", str(file))
    told = CliRunner().invoke(app, ["topology", "apply", *where])
    assert told.exit_code == 1
    assert told.stderr == f"Error: {file} {says}\n"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("localhost:15672", "--url is no address of a management"),
        ("amqp://localhost", "--url is no address of a management"),
        ("http://[geheim", "--url is no address of a management"),
        ("http://x:geheim@localhost", "--url holds a user, which others can see"),
    ],
)
def test_an_address_that_will_not_do_is_one_line_without_it(
    apply: Apply, url: str, says: str
) -> None:
    told = apply(code=2, url=url, password="x")
    assert says in told.stderr
    assert "geheim" not in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_authorities_are_for_https(apply: Apply) -> None:
    told = apply("--ca", "/niets", code=2, url="http://localhost", password="x")
    assert told.stderr == "Error: --ca: for TLS --url must begin with https://\n"


def test_a_management_that_is_away_is_one_line(apply: Apply) -> None:
    told = apply(code=1, url="http://127.0.0.1:1", password="geheim")
    assert told.stderr == (
        "Error: http://127.0.0.1:1 does not answer (ConnectError);"
        " is the management on, and reachable?\n"
    )


def test_a_password_that_crosses_a_network_unencrypted_is_warned_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert managing.context("http://mq.example.nl:15672", None) is None
    warning = "Warning: the password goes to mq.example.nl unencrypted; use https://\n"
    assert capsys.readouterr().err == warning


def _http(status: str, body: bytes) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"AMQP\x00\x00\x09\x01", "speaks no HTTP; is that the port of the management?"),
        (_http("200 OK", b"<html>"), "answers with no definitions"),
        (_http("200 OK", b"[]"), "answers with no definitions"),
        (_http("404 Not Found", b"<html>"), "answers 404; is RabbitMQ's management there?"),
        (
            _http("400 Bad Request", b'{"reason": "&lt;x&gt;\\n\\u001b"}'),
            "RabbitMQ refuses the definitions: <x> ?",
        ),
    ],
    ids=["AMQP", "a page", "other JSON", "nothing there", "a refusal"],
)
def test_what_answers_and_will_not_do_is_one_line(apply: Apply, answer: bytes, says: str) -> None:
    with _answering(answer) as url:
        told = apply(code=1, url=url, password="geheim")
    assert says in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_definitions_that_are_refused_are_not_said_to_be_applied(apply: Apply) -> None:
    refusal = _http("400 Bad Request", b'{"reason": "no room"}')
    nothing = _http("200 OK", b"{}")
    with _answering(nothing, refusal) as url:
        told = apply(code=1, url=url, password="geheim")
    assert told.stderr == "Error: RabbitMQ refuses the definitions: no room\n"


@contextmanager
def _answering(*answers: bytes) -> Iterator[str]:
    """The address of a server with an answer to each connection, which it then closes."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)
                    # What is closed with bytes unread is reset, the answer with it.
                    while connection.recv(65536):
                        pass

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
