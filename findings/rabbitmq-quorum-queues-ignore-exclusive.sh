#!/usr/bin/env bash
# RabbitMQ 3.10.8: a quorum queue takes an exclusive consumer and does not keep others away.
#
# Guess: basic.consume with exclusive=true is a lock that the broker keeps, on every kind of queue
# (AMQP 0-9-1, 1.8.3.3). Who gets consume-ok is the only consumer, or the answer is a refusal.
# Seen: a classic queue keeps that word in both directions, with 403. A quorum queue answers
# consume-ok to the exclusive consumer beside another, and to another beside the exclusive one.
# No error, no log line. A lease must come from elsewhere. RabbitMQ 4.0.5 does the same.
#
# Needs root on Debian 12, for an overlay over this machine and a network of its own. The machine
# itself stays as it is.
set -euo pipefail

if [ "${1:-}" = inside ]; then
  ip link set lo up
  printf '127.0.0.1 localhost finding\n' > /etc/hosts
  hostname finding
  export RABBITMQ_NODENAME=finding@localhost
  rabbitmq-server > /tmp/broker.log 2>&1 &
  rabbitmqctl await_startup --timeout 120 > /dev/null
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
unshare --mount --pid --fork --uts bash -c '
  set -e
  mount -t tmpfs tmpfs /mnt
  mkdir /mnt/up /mnt/work /mnt/root
  mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work /mnt/root
  mount -t proc proc /mnt/root/proc
  mount --rbind /dev /mnt/root/dev
  mount --bind "$1" "/mnt/root/$1"
  printf "#!/bin/sh\nexit 101\n" > /mnt/root/usr/sbin/policy-rc.d
  chmod +x /mnt/root/usr/sbin/policy-rc.d
  cp "$2" /mnt/root/finding.sh
  chroot /mnt/root sh -c "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes \
    --no-install-recommends iproute2 rabbitmq-server" > "$1/apt.log" 2>&1 || { tail "$1/apt.log"; exit 1; }
  unshare --net chroot /mnt/root bash /finding.sh inside "$1"
' _ "$work" "$(realpath "$0")" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
RabbitMQ 3.10.8
classic: an exclusive consumer beside another: refused
classic: a consumer beside an exclusive one: refused
quorum: an exclusive consumer beside another: accepted
quorum: a consumer beside an exclusive one: accepted
SEEN
echo "as seen before"
