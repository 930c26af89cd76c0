"""The embedded stack: private, limited, on loopback only, and put right after a kill."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import smtplib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aio_pika
import psycopg
import pytest
from aiormq.exceptions import AMQPError, ChannelAccessRefused, ProbableAuthenticationError

from tests.waiting import DEADLINE
from worker.rabbitmq.topology import DLQ, REGISTRATIE, ZAKEN
from worker.stack import chosen
from worker.stack.broker import AMQP
from worker.stack.errors import StackError
from worker.stack.instance import Stack
from worker.stack.looking import default_root
from worker.stack.process import Process, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = default_root({})
NAME: Final = f"test-stack-{os.getpid()}"
# What the machine says about brokers is no part of these tests.
ENVIRONMENT: Final = {"PATH": os.environ["PATH"], **chosen.choice(os.environ)}
FOLDER: Final = ROOT / NAME
EXCEEDED_STORAGE: Final = 552


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack of this module's own; a test asks `up()` for its addresses."""
    ours = Stack(ROOT, NAME, environment=ENVIRONMENT)
    try:
        yield ours
    finally:
        ours.reset()
        for lock in ROOT.glob(f"{NAME}*.lock"):
            lock.unlink()


def publish(
    amqp: str, exchange: str, routing_key: str, user_id: str | None = None, body: bytes = b"x"
) -> None:
    """Publish with a confirm; raises what the broker answers."""

    async def sequence() -> None:
        async with await aio_pika.connect(amqp) as connection:
            channel = await connection.channel()
            target = (
                await channel.get_exchange(exchange, ensure=False)
                if exchange
                else channel.default_exchange
            )
            await target.publish(
                aio_pika.Message(body, user_id=user_id), routing_key, timeout=DEADLINE
            )

    asyncio.run(sequence())


def take(amqp: str, queue: str) -> bytes | None:
    """Take one message from a queue; None when it is empty."""

    async def sequence() -> bytes | None:
        async with await aio_pika.connect(amqp) as connection:
            channel = await connection.channel()
            source = await channel.get_queue(queue, ensure=False)
            message = await source.get(fail=False, timeout=DEADLINE, no_ack=True)
            return None if message is None else message.body

    return asyncio.run(sequence())


def process(name: str) -> Process:
    """The record of one of the stack's processes."""
    return next(found for found in recorded(FOLDER / "run") if found.name == name)


def kill(victim: Process) -> None:
    """Kill a process as a machine short of memory would, and wait until it is gone."""
    handle = os.pidfd_open(victim.pid)
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    gone = select.poll()
    gone.register(handle, select.POLLIN)
    gone.poll()
    os.close(handle)


def test_up_twice_is_the_same_stack(stack: Stack) -> None:
    """A running stack is returned as it is."""
    first = stack.up()
    before = recorded(FOLDER / "run")
    assert stack.up() == first == stack.status()
    assert recorded(FOLDER / "run") == before


def test_two_processes_that_start_it_get_one_stack(stack: Stack) -> None:
    """Who comes second waits, and gets what the first made."""
    stack.down()
    others = [Stack(ROOT, NAME, environment=ENVIRONMENT) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(Stack.up, others)
    assert first == second
    assert len(recorded(FOLDER / "run")) == len({"epmd", "rabbitmq", "postgres", "mail"})


def test_a_channel_publishes_what_the_worker_reads(stack: Stack) -> None:
    """The definitions are loaded: exchange, binding, queue and permissions."""
    state = stack.up()
    publish(state.users["callcenter"], REGISTRATIE, "callcenter", "callcenter", b"een contact")
    assert take(state.amqp, f"{REGISTRATIE}.callcenter") == b"een contact"


@pytest.mark.parametrize(
    ("user", "exchange", "routing_key"),
    [
        ("callcenter", REGISTRATIE, "balie"),
        ("callcenter", "", f"{REGISTRATIE}.callcenter"),
        ("callcenter", ZAKEN, "zaak"),
        ("zaaksysteem", REGISTRATIE, "callcenter"),
        ("zaaksysteem", ZAKEN, "zaaktype"),
        ("worker", REGISTRATIE, "callcenter"),
    ],
)
def test_a_user_cannot_publish_beyond_its_own(
    stack: Stack, user: str, exchange: str, routing_key: str
) -> None:
    """Another's routing key, another exchange and the default exchange are refused."""
    with pytest.raises(ChannelAccessRefused):
        publish(stack.up().users[user], exchange, routing_key)


def test_a_user_cannot_speak_in_anothers_name(stack: Stack) -> None:
    """The broker checks a message's user id against the connection's."""
    with pytest.raises(AMQPError, match="user_id"):
        publish(stack.up().users["callcenter"], REGISTRATIE, "callcenter", "balie")


def test_a_channel_cannot_read_what_was_registered(stack: Stack) -> None:
    """Only the worker reads the queues."""
    with pytest.raises(ChannelAccessRefused):
        take(stack.up().users["callcenter"], DLQ)


def test_there_is_no_guest(stack: Stack) -> None:
    """RabbitMQ's default user isn't made."""
    address = stack.up().amqp.rpartition("@")[2]
    with pytest.raises(ProbableAuthenticationError):
        publish(f"amqp://guest:guest@{address}", "", "x")


def test_postgres_is_durable_and_wants_a_password(stack: Stack) -> None:
    """Every commit reaches the disk, and a wrong password is refused."""
    state = stack.up()
    with psycopg.connect(state.postgres) as connection:
        for setting, value in (("fsync", "on"), ("synchronous_commit", "on")):
            assert connection.execute(f"SHOW {setting}").fetchone() == (value,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://postgres:wrong@{state.postgres.rpartition('@')[2]}")


def test_only_loopback_addresses_are_listened_on(stack: Stack) -> None:
    """No process of the stack can be reached from another machine."""
    stack.up()
    loopback = {"0100007F", "00000000000000000000000001000000"}
    found = [address for each in recorded(FOLDER / "run") for address in listening(each.pid)]
    assert len(found) >= len(("amqp", "distribution", "epmd", "postgres", "smtp"))
    assert set(found) <= loopback


def listening(pid: int) -> list[str]:
    """The local addresses, as in /proc/net/tcp, on which a process listens."""
    links = [link_of(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
    sockets = {link[8:-1] for link in links if link.startswith("socket:[")}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]
    ]
    return [row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in sockets]


def link_of(path: Path) -> str:
    """What it leads to; "" for a file that the process closed meanwhile."""
    try:
        return str(path.readlink())
    except FileNotFoundError:
        return ""


def test_no_password_is_in_the_process_list(stack: Stack) -> None:
    """Neither the arguments nor the environment of a process hold one."""
    stack.up()
    passwords = json.loads((FOLDER / "passwords.json").read_text(encoding="utf-8")).values()
    for each in recorded(FOLDER / "run"):
        for part in ("cmdline", "environ"):
            text = Path(f"/proc/{each.pid}/{part}").read_bytes().decode(errors="replace")
            assert not any(password in text for password in passwords)


def test_files_with_secrets_are_their_owners_only(stack: Stack) -> None:
    """The folder and what holds passwords are closed to others."""
    stack.up()
    secret = [
        "state.json",
        "passwords.json",
        "rabbitmq/definitions/2-users.json",
        "token-secrets.json",
        "identity-provider.json",
    ]
    assert {oct(FOLDER.stat().st_mode & 0o777)} == {"0o700"}
    assert {oct((FOLDER / name).stat().st_mode & 0o777) for name in secret} == {"0o600"}


def test_a_killed_stack_is_put_right_by_up(stack: Stack) -> None:
    """What was kept is still there, and what still ran of it goes on."""
    state = stack.up()
    keys = [file.read_bytes() for file in (state.token_secrets, state.openid_key)]
    publish(state.users["balie"], REGISTRATIE, "balie", body=b"bewaard")
    with psycopg.connect(state.postgres) as connection:
        connection.execute("CREATE TABLE bewaard AS SELECT 1 AS een")
    left = process("mail")
    for name in ("rabbitmq", "postgres"):
        kill(process(name))
    assert stack.status() is None

    again = stack.up()

    assert left.alive()
    assert take(again.amqp, f"{REGISTRATIE}.balie") == b"bewaard"
    with psycopg.connect(again.postgres) as connection:
        assert connection.execute("SELECT een FROM bewaard").fetchone() == (1,)
    assert [file.read_bytes() for file in (again.token_secrets, again.openid_key)] == keys


@pytest.mark.parametrize("names", [("mail",), ("postgres",), ("epmd", "rabbitmq")])
def test_what_was_killed_is_started_where_it_was(stack: Stack, names: tuple[str, ...]) -> None:
    """Whoever was connected finds it again, and what still ran is left alone."""
    state = stack.up()
    others = [each for each in recorded(FOLDER / "run") if each.name not in names]
    for name in names:
        kill(process(name))
    assert stack.away() == list(names)
    assert stack.up() == state
    assert stack.away() == []
    assert all(each.alive() for each in others)


def test_where_the_rest_cannot_be_started_nothing_is_left_running(stack: Stack) -> None:
    """It is the whole stack or none of it; the next one is where it was."""
    state = stack.up()
    kill(process("mail"))
    elsewhere = {**ENVIRONMENT, AMQP: "http://example.nl"}
    with pytest.raises(StackError, match="is no amqp:// URL"):
        Stack(ROOT, NAME, environment=elsewhere).up()
    assert recorded(FOLDER / "run") == []
    assert (stack.status(), stack.away()) == (None, [])
    assert stack.up() == state


def test_a_stack_that_was_stopped_comes_back_where_it_was(stack: Stack) -> None:
    """Addresses that somebody noted stay good."""
    state = stack.up()
    stack.down()
    assert stack.away() == []
    assert stack.up() == state


def test_mails_are_kept_byte_for_byte(stack: Stack) -> None:
    """Dots, 8-bit bytes and trailing spaces come through; the envelope stands beside it."""
    state = stack.up()
    mail = "Subject: één\r\n\r\n.een punt\r\n..twee \r\n\tκαλημέρα\r\n".encode()
    host, port = state.smtp.split(":")
    with smtplib.SMTP(host, int(port)) as client:
        for recipient in ("a@example.nl", "bürger@example.nl"):
            client.sendmail("desk@example.nl", [recipient], mail, ["SMTPUTF8", "BODY=8BITMIME"])
    mails = sorted(state.mail_dir.glob("*.eml"))
    assert [path.read_bytes() for path in mails] == [mail, mail]
    envelopes = [json.loads(path.with_suffix(".json").read_bytes()) for path in mails]
    assert [envelope["to"] for envelope in envelopes] == [["a@example.nl"], ["bürger@example.nl"]]


def test_a_mail_that_is_too_large_is_refused(stack: Stack) -> None:
    """More than 10 MiB isn't taken."""
    host, port = stack.up().smtp.split(":")
    with smtplib.SMTP(host, int(port)) as client:
        client.ehlo()
        code, _ = client.mail("a@example.nl", ["SIZE=10485761"])
    assert code == EXCEEDED_STORAGE


def test_a_state_of_an_earlier_version_counts_as_not_running(stack: Stack) -> None:
    """Its stack is started anew, with what that version had not."""
    stack.up()
    file = FOLDER / "state.json"
    state = json.loads(file.read_text(encoding="utf-8"))
    del state["token_secrets"]
    file.write_text(json.dumps(state), encoding="utf-8")
    assert stack.status() is None
    assert stack.up().token_secrets.exists()


def test_reset_ends_and_deletes(stack: Stack) -> None:
    """Nothing runs and nothing is kept."""
    stack.up()
    ours = recorded(FOLDER / "run")
    stack.reset()
    assert not any(each.alive() for each in ours)
    assert not FOLDER.exists()
    assert stack.status() is None
