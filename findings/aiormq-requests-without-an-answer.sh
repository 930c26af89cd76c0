#!/usr/bin/env bash
# aiormq 7.2.4: what a request raises when no answer comes, by who closed, and its time limit.
#
# Guess: whoever closes the channel or the connection, a basic.consume that waits for its answer
# ends with one of the library's exceptions, and Channel.close() ends it at once.
# Seen: with an exception when the broker closes. When the own program closes the connection, the
# request raises CancelledError, though nobody cancelled its task: cancelling() is 0. In a TaskGroup
# such a task counts as ended as wished, so the group goes on without the consumer and without a
# word. Channel.close() waits behind the request that has no answer, and does not end it.
#
# Guess: connection.channel(timeout=1) takes a second at most. Seen: the limit holds for channel.open
# alone; confirm.select, the request after it, waits for its answer without a limit.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet aiormq==7.2.4 pamqp==4.0.1
timeout 60 "$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
import asyncio
import logging
import os
import sys
from importlib.metadata import version

import aiormq
from pamqp import commands, frame

logging.disable(logging.CRITICAL)
PROPERTIES = {"capabilities": {"publisher_confirms": True}}


class Broker:
    """Answers as AMQP 0-9-1 asks, but for basic.consume, confirm.select, and what `how` names."""

    def __init__(self, how):
        self.how, self.asked = how, asyncio.Event()

    async def serve(self, reader, writer):
        await reader.readexactly(8)
        self.writer = writer
        self.send(commands.Connection.Start(0, 9, PROPERTIES, "PLAIN", "en_US"))
        got = b""
        while more := await reader.read(65536):
            got += more
            while len(got) >= 8 and len(got) >= 8 + int.from_bytes(got[3:7], "big"):
                size, channel, method = frame.unmarshal(got)
                got = got[size:]
                self.answer(getattr(method, "name", ""), channel)

    def answer(self, name, channel):
        answers = {
            "Connection.StartOk": commands.Connection.Tune(2047, 131072, 0),
            "Connection.Open": commands.Connection.OpenOk(),
            "Connection.Close": commands.Connection.CloseOk(),
            "Channel.Open": commands.Channel.OpenOk(),
            "Channel.Close": commands.Channel.CloseOk(),
        }
        if name in answers and name != self.how:
            self.send(answers[name], channel if name.startswith("Channel") else 0)
        if name == "Basic.Consume":
            if self.how == "broker closes the channel":
                self.send(commands.Channel.Close(404, "NOT_FOUND", 60, 20), channel)
            elif self.how == "broker closes the connection":
                self.send(commands.Connection.Close(320, "CONNECTION_FORCED", 0, 0))
            elif self.how == "broker hangs up":
                self.writer.close()
            self.asked.set()

    def send(self, method, channel=0):
        self.writer.write(frame.marshal(method, channel))


async def look(how):
    broker = Broker(how)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = await aiormq.connect(f"amqp://guest:guest@127.0.0.1:{port}/")
    channel = await connection.channel(publisher_confirms=False)

    async def consume():
        try:
            await channel.basic_consume("queue", print)
        except BaseException as error:
            return f"{type(error).__name__}, cancelling() is {asyncio.current_task().cancelling()}"

    waiting = asyncio.create_task(consume())
    await broker.asked.wait()
    closing = {
        "program closes the channel": channel.close,
        "program closes the connection": connection.close,
    }.get(how)
    ending = asyncio.create_task(closing()) if closing else None
    await asyncio.wait([waiting], timeout=3)
    print(f"{how}: {waiting.result() if waiting.done() else 'still waiting after 3 s'}")
    return ending


async def open_channel(silent):
    server = await asyncio.start_server(Broker(silent).serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = await aiormq.connect(f"amqp://guest:guest@127.0.0.1:{port}/")
    opening = asyncio.create_task(connection.channel(publisher_confirms=True, timeout=1))
    done, _ = await asyncio.wait([opening], timeout=5)
    print(f"no answer to {silent}: {type(opening.exception()).__name__ if done else 'waits over 5 s'}")
    return opening


async def main():
    print("aiormq", version("aiormq"))
    for how in (
        "broker closes the channel",
        "broker closes the connection",
        "broker hangs up",
        "program closes the channel",
        "program closes the connection",
    ):
        await look(how)
    for silent in ("Channel.Open", "Confirm.Select"):
        await open_channel(silent)
    sys.stdout.flush()
    os._exit(0)


asyncio.run(main())
PYTHON
diff "$work/seen" - <<'SEEN'
aiormq 7.2.4
broker closes the channel: ChannelNotFoundEntity, cancelling() is 0
broker closes the connection: ConnectionClosed, cancelling() is 0
broker hangs up: AMQPConnectionError, cancelling() is 0
program closes the channel: still waiting after 3 s
program closes the connection: CancelledError, cancelling() is 0
no answer to Channel.Open: TimeoutError
no answer to Confirm.Select: waits over 5 s
SEEN
echo "as seen before"
