"""A client is killed at exactly the moment that was asked for, and the moment goes no further."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aio_pika
import psycopg
import pytest

from tests.faults.wires import boundary
from tests.faults.wires.mail_server import serving
from tests.faults.wires.wire import address, strung
from tests.waiting import DEADLINE, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.wires.wire import Watch
    from worker.stack.state import StackState

_COMMITS = """
import asyncio, asyncpg, sys

async def main():
    connection = await asyncpg.connect(sys.argv[1])
    for number in range(5):
        async with connection.transaction():
            await connection.execute("insert into gedaan values ($1)", number)
    print("all")

asyncio.run(main())
"""
_ACKNOWLEDGES = """
import asyncio, aio_pika, sys

async def main():
    address = f"{sys.argv[1]}?name=klantcontact+intake"
    async with await aio_pika.connect(address) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(sys.argv[2], ensure=False)
        for _ in range(3):
            message = await queue.get()
            await message.ack()
    print("all")

asyncio.run(main())
"""
_PUBLISHES = """
import asyncio, aio_pika, sys

async def main():
    address = f"{sys.argv[1]}?name=klantcontact+relay"
    async with await aio_pika.connect(address) as connection:
        channel = await connection.channel()
        for number in range(3):
            message = aio_pika.Message(str(number).encode())
            await channel.default_exchange.publish(message, sys.argv[2])
            print(number, flush=True)
    print("all")

asyncio.run(main())
"""
_MAILS = """
import smtplib, sys

with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), "client.example.nl") as server:
    for number in range(3):
        content = f"Message-ID: <mail-{number}@example.nl>\\r\\n\\r\\nhallo"
        server.sendmail("a@example.nl", ["b@example.nl"], content)
        print(number, flush=True)
print("all")
"""


async def _killed(watch: Watch, script: str, *arguments: str) -> list[str]:
    """What it said before it was killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, *arguments, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(DEADLINE):
        said, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert watch.struck.is_set()
    assert watch.pid == process.pid
    return said.decode().split()


def _done(url: str) -> list[int]:
    """Waits for whoever still has a row of it in hand."""
    with psycopg.connect(url) as connection:
        connection.execute("lock table gedaan in share mode")
        return [row[0] for row in connection.execute("select * from gedaan order by 1")]


@pytest.mark.parametrize(
    ("at", "committed"),
    [(boundary.BEFORE_COMMIT, [0, 1]), (boundary.AFTER_COMMIT, [0, 1, 2])],
    ids=lambda given: getattr(given, "name", ""),
)
async def test_a_kill_at_a_commit_leaves_it_undone_before_and_done_after(
    empty_database: str, at: boundary.Boundary, committed: list[int]
) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("create table gedaan (nummer int)")
    async with strung(*address(empty_database)) as wire:
        with wire.watch(at, skipped=2) as watch:
            assert await _killed(watch, _COMMITS, wire.url(empty_database)) == []
        assert await asyncio.to_thread(_done, empty_database) == committed


@asynccontextmanager
async def _queue(url: str, count: int) -> AsyncIterator[Any]:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(
            "test-boundaries", durable=True, arguments={"x-queue-type": "quorum"}
        )
        try:
            for number in range(count):
                message = aio_pika.Message(str(number).encode())
                await channel.default_exchange.publish(message, queue.name)
            yield queue
        finally:
            await queue.delete(if_empty=False, if_unused=False)


async def _left(queue: Any) -> list[str]:  # noqa: ANN401 (of aio-pika)
    """What is in it, once the broker has taken back what a dead client had in hand."""
    found = []
    while message := await queue.get(fail=False, no_ack=True):
        found.append(f"{message.body.decode()}{' again' if message.redelivered else ''}")
    return found


async def test_a_kill_at_an_acknowledgement_brings_that_message_again(services: StackState) -> None:
    async with (
        _queue(services.amqp_admin, 3) as queue,
        strung(*address(services.amqp_admin)) as wire,
    ):
        with wire.watch(boundary.ACK, skipped=1) as watch:
            await _killed(watch, _ACKNOWLEDGES, wire.url(services.amqp_admin), queue.name)
        left = await until(lambda: _left(queue), "the broker has taken them back")
        assert sorted([*left, *await _left(queue)]) == ["1 again", "2"]


async def test_a_kill_at_a_confirm_leaves_a_message_that_its_publisher_does_not_know_of(
    services: StackState,
) -> None:
    async with (
        _queue(services.amqp_admin, 0) as queue,
        strung(*address(services.amqp_admin)) as wire,
    ):
        with wire.watch(boundary.AFTER_PUBLISH, skipped=1) as watch:
            said = await _killed(watch, _PUBLISHES, wire.url(services.amqp_admin), queue.name)
        assert said == ["0"]
        assert await _left(queue) == ["0", "1"]


async def test_a_kill_at_the_answer_to_a_mail_leaves_one_that_was_taken_unknown_to_its_sender() -> (
    None
):
    async with serving() as server, strung("127.0.0.1", server.port) as wire:
        with wire.watch(boundary.AFTER_DATA, skipped=1) as watch:
            said = await _killed(watch, _MAILS, str(wire.port))
        assert said == ["0"]
        assert server.taken == {"mail-0": 1, "mail-1": 1}


async def test_who_says_something_else_first_is_left_alone(services: StackState) -> None:
    async with (
        _queue(services.amqp_admin, 0) as queue,
        strung(*address(services.amqp_admin)) as wire,
    ):
        script = _PUBLISHES.replace("relay", "mailer")
        with wire.watch(boundary.AFTER_PUBLISH) as watch:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                script,
                wire.url(services.amqp_admin),
                queue.name,
                stdout=asyncio.subprocess.PIPE,
            )
            said, _ = await process.communicate()
        assert said.decode().split()[-1] == "all"
        assert not watch.struck.is_set()


async def test_the_process_of_the_runner_itself_is_never_killed() -> None:
    async with serving() as server, strung("127.0.0.1", server.port) as wire:
        with wire.watch(boundary.AFTER_DATA) as watch:
            reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
            writer.write(
                b"EHLO a\r\nMAIL FROM:<a@example.nl>\r\nRCPT TO:<b@example.nl>\r\n"
                b"DATA\r\nx\r\n.\r\nQUIT\r\n"
            )
            async with asyncio.timeout(DEADLINE):
                assert boundary.ANSWER_TO_CONTENT.encode() in await reader.read()
            writer.close()
        assert not watch.struck.is_set()
