#!/usr/bin/env bash
# RabbitMQ 3.10.8 with rabbitmq_amqp1_0: a receiver by AMQP 1.0 gets no header of a 0-9-1 sender.
#
# Guess: one broker, one message: the headers that a sender by AMQP 0-9-1 sets reach a receiver by
# AMQP 1.0 as application-properties, as they do on RabbitMQ 4.0.5 (seen there too).
# Seen: message-id, content-type and body arrive. All headers, the user id and the type are gone, the
# moment is a thousandth of itself (seconds taken for milliseconds), reply-to has an address form of
# AMQP 1.0. A bridge or a tool that takes messages off a queue so loses a token or a trace, and
# settles the message all the same.
#
# Needs root on Debian 12, for an overlay: see lib/in-overlay.
set -euo pipefail

if [ "${1:-}" = inside ]; then
  export RABBITMQ_NODENAME=finding@localhost
  rabbitmq-plugins --offline enable rabbitmq_amqp1_0 > "$2/plugins.log" 2>&1
  rabbitmq-server > "$2/broker.log" 2>&1 &
  for _ in $(seq 60); do rabbitmqctl await_startup --timeout 60 > /dev/null 2>&1 && break; sleep 1; done
  timeout 60 /usr/bin/python3 "$2/look.py"
  exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/look.py" <<'PYTHON'
import pika
from proton import Delivery
from proton.utils import BlockingConnection

connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1"))
print("RabbitMQ", connection._impl.server_properties["version"])
channel = connection.channel()
channel.queue_declare("seen", durable=True, arguments={"x-queue-type": "quorum"})
properties = pika.BasicProperties(
    headers={"authorization": "Bearer example", "number": 5, "flag": True},
    message_id="bericht-1", content_type="application/json", reply_to="antwoord.callcenter.1",
    user_id="guest", timestamp=1767605700, type="example",
)
channel.basic_publish("", "seen", b"{}", properties)
connection.close()

receiver = BlockingConnection("127.0.0.1:5672", user="guest", password="guest").create_receiver(
    "/amq/queue/seen", credit=1
)
message = receiver.receive(timeout=20)
receiver.accept()
print("application-properties:", message.properties)
print("message-id:", message.id)
print("content-type:", message.content_type)
print("user-id:", message.user_id)
print("reply-to:", message.reply_to)
print("creation-time:", message.creation_time)
print("subject:", message.subject)
print("body:", bytes(message.body))
PYTHON
"$(dirname "$0")/lib/in-overlay" "$work" "rabbitmq-server python3-pika python3-qpid-proton" "$0" inside "$work" |
  tee "$work/seen"
diff "$work/seen" - <<'SEEN'
RabbitMQ 3.10.8
application-properties: None
message-id: bericht-1
content-type: application/json
user-id: b''
reply-to: /queue/antwoord.callcenter.1
creation-time: 1767605.7
subject: seen
body: b'{}'
SEEN
echo "as seen before"
