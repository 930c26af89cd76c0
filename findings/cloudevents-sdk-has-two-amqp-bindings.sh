#!/usr/bin/env bash
# cloudevents 2.2.0 (Python SDK): its bindings for AMQP and for RabbitMQ do not read each other.
#
# Guess: RabbitMQ speaks AMQP, so both bindings of one SDK write headers with one prefix, and one
# form of `time`. A receiver of AMQP headers `cloudEvents:` and `cloudEvents_` reads both.
# Seen: bindings.amqp writes `cloudEvents_time` as a whole number of milliseconds, which drops the
# microseconds and the offset. bindings.rabbitmq writes `ce-time` as text, and every extension as
# text, numbers too. Each refuses what the other wrote. An event without `time` gets the moment at
# which the object was made, in both. A receiver on RabbitMQ must take three prefixes and two forms.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet cloudevents==2.2.0
"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

from cloudevents.core.bindings import amqp, rabbitmq
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

needed = {"id": "1", "source": "urn:example:a", "type": "nl.example.b", "specversion": "1.0"}
moment = datetime(2026, 1, 5, 10, 35, 0, 123456, timezone(timedelta(hours=1)))
event = CloudEvent(needed | {"time": moment, "number": 5, "datacontenttype": "application/json"}, {})
form = JSONFormat()
by_amqp, by_rabbitmq = amqp.to_binary(event, form), rabbitmq.to_binary(event, form)


def refused(read):
    try:
        read()
    except Exception as error:
        return type(error).__name__
    return "read"


print("cloudevents", version("cloudevents"))
for name in ("time", "number"):
    print("amqp", repr(by_amqp.application_properties[f"cloudEvents_{name}"]))
    print("rabbitmq", repr(by_rabbitmq.headers[f"ce-{name}"]))
other = amqp.AMQPMessage({"content-type": "application/json"}, dict(by_rabbitmq.headers), b"{}")
print("amqp reads rabbitmq's:", refused(lambda: amqp.from_binary(other, form)))
other = rabbitmq.RabbitMQMessage(
    {name: str(value) for name, value in by_amqp.application_properties.items()},
    "application/json",
    b"{}",
)
print("rabbitmq reads amqp's:", refused(lambda: rabbitmq.from_binary(other, form)))
print("time where none was given:", "ce-time" in rabbitmq.to_binary(CloudEvent(needed, {}), form).headers)
PYTHON
diff "$work/seen" - <<'SEEN'
cloudevents 2.2.0
amqp 1767605700123
rabbitmq '2026-01-05T10:35:00.123456+01:00'
amqp 5
rabbitmq '5'
amqp reads rabbitmq's: CloudEventValidationError
rabbitmq reads amqp's: CloudEventValidationError
time where none was given: True
SEEN
echo "as seen before"
