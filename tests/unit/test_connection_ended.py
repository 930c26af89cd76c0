"""How the broker's reason to end a connection is recognised."""

from __future__ import annotations

import pytest
from pamqp import frame
from pamqp.commands import Connection as Command
from yarl import URL

from worker.errors import DeliveryAborted, Outage
from worker.rabbitmq.connection import Connection, delivering
from worker.rabbitmq.gate import Gate
from worker.rabbitmq.hosts import Host, Target
from worker.rabbitmq.transport import METHOD

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("code", "text", "raised"),
    [
        (541, "INTERNAL_ERROR", DeliveryAborted),
        (320, "CONNECTION_FORCED", Outage),
        (501, "FRAME_ERROR", Outage),
    ],
)
async def test_only_a_connection_that_ends_with_541_is_an_aborted_delivery(
    code: int, text: str, raised: type[Outage]
) -> None:
    url = "amqp://mq.example.nl"
    target = Target(Host("mq.example.nl", 5672, url), "127.0.0.1")
    connection = Connection(URL(url), target, context=None, gate=Gate(), silence=8)
    payload = frame.marshal(Command.Close(code, text, 0, 0), 0)[7:-1]
    assert not connection.gate.takers[0].take(METHOD, payload)
    with pytest.raises(Outage) as caught, delivering(connection):
        raise Outage("a channel was closed")
    assert type(caught.value) is raised
    assert (f"{code} {text}" in str(caught.value)) is (raised is DeliveryAborted)
