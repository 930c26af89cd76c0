"""A stack for a block of code, one on an existing broker, and the commands.

One private broker serves them all as the existing one: a stack that borrows it starts at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aio_pika
import pytest
from typer.testing import CliRunner, Result

from tests.waiting import DEADLINE
from worker.cli.stack import app
from worker.rabbitmq.topology import ABONNEE, BOUNCE, USERS
from worker.stack import chosen, debian
from worker.stack.broker import AMQP, PASSWORDS_FILE, existing
from worker.stack.errors import StackError
from worker.stack.instance import Stack
from worker.stack.looking import DIRECTORY_SETTING, default_root
from worker.stack.process import Process, recorded
from worker.stack.running import running
from worker.stack.software import installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from worker.stack.state import StackState

TERMINAL_WIDTH: Final = 80
ENVIRONMENT: Final = {"PATH": os.environ["PATH"], **chosen.choice(os.environ)}
BLOCK: Final = """
import sys
from pathlib import Path
from worker.stack.running import running
with running(Path(sys.argv[1]), "block"):
    print("running", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of stacks that uses the checkout's RabbitMQ, so that it isn't fetched again."""
    ours = tmp_path_factory.mktemp("stacks with a space")
    software = default_root({}) / "software"
    software.mkdir(mode=0o700, parents=True, exist_ok=True)
    (ours / "software").symlink_to(software)
    return ours


@pytest.fixture(scope="module")
def state(root: Path) -> Iterator[StackState]:
    """One running stack, for what only needs a broker."""
    with running(root, "shared", environment=ENVIRONMENT) as state:
        yield state


@pytest.fixture(scope="module")
def borrowed(root: Path, state: StackState) -> dict[str, str]:
    """The settings that name that broker as an existing one."""
    file = root / "broker-passwords.json"
    passwords = {name: password_in(url) for name, url in state.users.items()}
    file.write_text(json.dumps(passwords), encoding="utf-8")
    return {AMQP: state.amqp_admin, PASSWORDS_FILE: str(file), DIRECTORY_SETTING: str(root)}


def password_in(url: str) -> str:
    """The password in an AMQP URL."""
    return urlsplit(url).password or ""


def command(environment: Mapping[str, str | None], *arguments: str) -> Result:
    """Run `klantcontact stack`."""
    return CliRunner().invoke(app, arguments, env=environment)


def test_a_block_that_fails_leaves_nothing_running(root: Path, borrowed: dict[str, str]) -> None:
    """Whatever ends the block, the stack ends with it and is deleted."""
    ours: list[Process] = []

    def fail() -> None:
        with running(root, "block", environment=borrowed):
            ours.extend(recorded(root / "block" / "run"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ours
    assert not any(process.alive() for process in ours)
    assert not (root / "block").exists()


def test_a_block_that_is_told_to_stop_leaves_nothing_running(
    root: Path, borrowed: dict[str, str]
) -> None:
    """SIGTERM ends the stack, then the program."""
    with start_block(root, borrowed) as program:
        ours = recorded(root / "block" / "run")
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=DEADLINE) == 128 + signal.SIGTERM
    assert ours
    assert not any(process.alive() for process in ours)


def test_a_killed_block_is_cleared_away_by_the_next(root: Path, borrowed: dict[str, str]) -> None:
    """What a killed program left running is ended before a fresh stack starts."""
    with start_block(root, borrowed) as program:
        ours = recorded(root / "block" / "run")
        with pytest.raises(StackError, match="in use by another run"), running(root, "block"):
            pass
        program.kill()
    assert any(process.alive() for process in ours)
    with running(root, "block", keep=True, environment=borrowed):
        assert not any(process.alive() for process in ours)
    assert (root / "block" / "postgres" / "postgres.log").exists()


def test_data_of_one_version_are_not_given_to_another(root: Path, borrowed: dict[str, str]) -> None:
    """Neither where the stack runs nor where it is kept; the message says what to do."""
    made = {**borrowed, chosen.POSTGRES: "18"}
    with running(root, "block", keep=True, environment=made):
        ours = recorded(root / "block" / "run")
        with pytest.raises(StackError, match="run `klantcontact stack reset` first"):
            Stack(root, "block", environment=borrowed).up()
        assert all(process.alive() for process in ours)
    with pytest.raises(StackError, match="run `klantcontact stack reset` first"):
        Stack(root, "block", environment=borrowed).up()


def test_a_version_that_cannot_be_had_is_not_remembered(
    root: Path, borrowed: dict[str, str]
) -> None:
    """What was asked for by mistake is in nobody's way afterwards."""
    with pytest.raises(StackError, match="POSTGRES is 9: give 15, 18, or a folder"):
        Stack(root, "mistaken", environment={**borrowed, chosen.POSTGRES: "9"}).up()
    Stack(root, "mistaken", environment=borrowed).up()
    Stack(root, "mistaken", environment=borrowed).reset()


def start_block(root: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """A program inside such a block; it waits for the end of its input."""
    program = subprocess.Popen(
        [sys.executable, "-c", BLOCK, str(root)],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "running\n"
    return program


def test_an_existing_broker_takes_the_place_of_the_private_one(
    root: Path, state: StackState, borrowed: dict[str, str]
) -> None:
    """The broker that is named is used as it is, with the passwords of the file."""
    with running(root, "other", environment=borrowed) as other:
        ours = [process.name for process in recorded(root / "other" / "run")]
    assert other.users == state.users
    assert ours == ["mail", "postgres"]


@pytest.mark.parametrize(
    ("amqp", "passwords", "says"),
    [
        ("http://example.nl", "{}", "is no amqp:// URL"),
        ("amqp://127.0.0.1:1/", None, "must name a JSON file"),
        ("amqp://127.0.0.1:1/", "geen json", "can't be read as JSON"),
        ("amqp://127.0.0.1:1/", '{"worker": "x"}', "has no password for 'callcenter'"),
        ("amqp://127.0.0.1:1/", json.dumps(dict.fromkeys(USERS, "x")), "can't be used"),
    ],
)
def test_a_broker_that_cannot_be_used_is_a_clear_line(
    root: Path, tmp_path: Path, amqp: str, passwords: str | None, says: str
) -> None:
    """The message says which setting is at fault and why."""
    environment = {AMQP: amqp}
    if passwords is not None:
        environment[PASSWORDS_FILE] = str(tmp_path / "passwords.json")
        (tmp_path / "passwords.json").write_text(passwords, encoding="utf-8")
    with pytest.raises(StackError, match=says) as caught:
        Stack(root, "refused", environment=environment).up()
    assert "\n" not in str(caught.value)


def test_an_existing_broker_need_have_no_subscriber(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    given = {user: f"geheim-{user}" for user in USERS if user != ABONNEE}
    file.write_text(json.dumps(given), encoding="utf-8")
    found = existing({AMQP: "amqp://127.0.0.1:1/", PASSWORDS_FILE: str(file)})
    assert found is not None
    assert found.passwords == given


def test_a_broker_without_the_definitions_is_a_clear_line(
    root: Path, state: StackState, borrowed: dict[str, str]
) -> None:
    """The message names what is missing and what to import."""
    asyncio.run(delete_queue(state.amqp_admin, BOUNCE))
    try:
        with pytest.raises(StackError, match=r"no queue klantcontact\.bounce: import deploy/"):
            Stack(root, "refused", environment=borrowed).up()
    finally:
        asyncio.run(make_queue(state.amqp_admin, BOUNCE))


async def delete_queue(amqp: str, name: str) -> None:
    """Delete a queue."""
    async with await aio_pika.connect(amqp) as connection:
        await (await connection.channel()).queue_delete(name)


async def make_queue(amqp: str, name: str) -> None:
    """Make a quorum queue."""
    async with await aio_pika.connect(amqp) as connection:
        channel = await connection.channel()
        await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})


@pytest.mark.skipif(installed(os.environ["PATH"]) is not None, reason="RabbitMQ is installed here")
def test_where_no_rabbitmq_can_be_had_one_line_says_what_to_do(tmp_path: Path) -> None:
    """Without RabbitMQ and without apt: install it, or name a broker."""
    run = stack_program(tmp_path, "up", path=str(tmp_path / "empty"))
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("Error: no RabbitMQ here")
    assert "install RabbitMQ, or name an existing broker in KLANTCONTACT_STACK_AMQP" in run.stderr
    assert "Traceback" not in run.stderr


def stack_program(root: Path, *arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process on a machine with nothing but `path`."""
    code = "from worker.cli.stack import app; app()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"PATH": path, DIRECTORY_SETTING: str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not debian.available(), reason="no Debian")
def test_a_package_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    """apt's own words are the error, and no half-unpacked folder stays."""
    with pytest.raises(debian.DebianError) as caught:
        debian.unpack(["klantcontact-does-not-exist"], tmp_path / "unpacked")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_commands_print_one_json_document(borrowed: dict[str, str]) -> None:
    """`up` and `status` give the same addresses; `down` and `reset` say that it isn't running."""
    printed = [command(borrowed, name, "--json") for name in ("up", "status", "down", "reset")]
    assert [result.exit_code for result in printed] == [0, 0, 0, 0]
    up, status, down, reset = (json.loads(result.stdout) for result in printed)
    addresses = ["amqp", "postgres", "smtp", "mail_dir", "users"]
    assert list(up) == [*addresses, "token_secrets", "openid_jwks", "openid_key"]
    assert up == status
    assert down == reset == {"running": False}


def test_the_commands_keep_passwords_off_the_terminal(
    state: StackState, borrowed: dict[str, str]
) -> None:
    """Without --json the addresses are printed without users and passwords."""
    printed = [command(borrowed, name).stdout for name in ("up", "status", "down", "reset")]
    assert urlsplit(state.amqp).netloc.partition("@")[2] in printed[0]
    assert "@" not in "".join(printed)
    assert max(map(len, "".join(printed[2:]).splitlines())) <= TERMINAL_WIDTH


def test_the_status_of_a_stack_that_is_not_there_is_1(tmp_path: Path) -> None:
    """What was asked for isn't there, and the message says how to get it."""
    result = command({DIRECTORY_SETTING: str(tmp_path)}, "status", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, None)
    assert "klantcontact stack up" in result.stderr


def test_a_folder_that_cannot_be_used_is_a_clear_line(tmp_path: Path) -> None:
    """No traceback where a file stands in the way."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = command({DIRECTORY_SETTING: str(tmp_path / "file")}, "up")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the stack in ")


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "a" * 50])
def test_a_stack_has_a_plain_name(tmp_path: Path, name: str) -> None:
    """A name can't lead out of the folder of stacks."""
    with pytest.raises(StackError, match="no name for a stack"):
        Stack(tmp_path, name)
