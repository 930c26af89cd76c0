#!/usr/bin/env bash
# RabbitMQ 3.10.8: a quorum queue takes an exclusive consumer and does not keep others away.
#
# Guess: basic.consume with exclusive=true is a lock that the broker keeps, on every kind of queue
# (AMQP 0-9-1, 1.8.3.3). Who gets consume-ok is the only consumer, or the answer is a refusal.
# Seen: a classic queue keeps that word in both directions, with 403. A quorum queue answers
# consume-ok to the exclusive consumer beside another, and to another beside the exclusive one.
# No error, no log line. A lease must come from elsewhere. RabbitMQ 4.0.5 does the same.
#
# Needs root on Debian 12, for an overlay: see lib/in-overlay.
set -euo pipefail

if [ "${1:-}" = inside ]; then
  export RABBITMQ_NODENAME=finding@localhost
  rabbitmq-server > "$2/broker.log" 2>&1 &
  for _ in $(seq 60); do rabbitmqctl await_startup --timeout 60 > /dev/null 2>&1 && break; sleep 1; done
  timeout 60 "$2/venv/bin/python" "$2/look.py"
  exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet aio-pika==10.2.1 aiormq==7.2.4
cat > "$work/look.py" <<'PYTHON'
import asyncio

import aio_pika
from aiormq.exceptions import ChannelAccessRefused


async def consume(connection, name, *, exclusive):
    """Whether a consumer of its own channel is accepted."""
    channel = await connection.channel()
    queue = await channel.get_queue(name)
    try:
        await queue.consume(print, exclusive=exclusive)
    except ChannelAccessRefused:
        return "refused"
    return "accepted"


async def main():
    connection = await aio_pika.connect("amqp://guest:guest@127.0.0.1/")
    print("RabbitMQ", connection.transport.connection.server_properties["version"])
    channel = await connection.channel()
    for kind in ("classic", "quorum"):
        for first in (False, True):
            queue = f"{kind}-{first}"
            await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": kind})
            await consume(connection, queue, exclusive=first)
            beside = await consume(connection, queue, exclusive=not first)
            words = "a consumer beside an exclusive one" if first else "an exclusive consumer beside another"
            print(f"{kind}: {words}: {beside}")
    await connection.close()


asyncio.run(main())
PYTHON
"$(dirname "$0")/lib/in-overlay" "$work" rabbitmq-server "$0" inside "$work" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
RabbitMQ 3.10.8
classic: an exclusive consumer beside another: refused
classic: a consumer beside an exclusive one: refused
quorum: an exclusive consumer beside another: accepted
quorum: a consumer beside an exclusive one: accepted
SEEN
echo "as seen before"
