"""Each user of the broker can do its work and nothing else, as the broker itself enforces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused

from worker.rabbitmq import topology

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aio_pika.abc import AbstractConnection

    from tests.broker import Broker

EXCHANGES = {
    topology.REGISTRATIE: topology.KANALEN,
    topology.ZAKEN: ("zaak",),
    topology.HERVAT: ("hervat",),
    topology.NOTIFICATIE: ("email",),
    topology.GEBEURTENIS: ("nl.overheid.klantcontacten.klantcontact-geregistreerd",),
    topology.BOUNCE: ("bounce",),
    topology.DLX: ("",),
    "": ("antwoord.callcenter.1", topology.HERVAT),
}
TARGETS = [(exchange, key) for exchange, keys in EXCHANGES.items() for key in keys]
QUEUES = [each["name"] for each in topology.definitions()["queues"]]
WRITES = {
    **{kanaal: {(topology.REGISTRATIE, kanaal)} for kanaal in topology.KANALEN},
    "zaaksysteem": {(topology.ZAKEN, "zaak")},
    "mailsysteem": {(topology.BOUNCE, "bounce")},
    "abonnee": set(),
    "worker": {
        target
        for target in TARGETS
        if target[0] in {topology.HERVAT, topology.NOTIFICATIE, topology.GEBEURTENIS, ""}
    },
}


@pytest.fixture(params=topology.USERS)
async def user(
    request: pytest.FixtureRequest, broker: Broker
) -> AsyncIterator[tuple[str, AbstractConnection]]:
    """A user, and a connection of its own: a refusal closes a channel."""
    name: str = request.param
    async with await aio_pika.connect(broker.url(name)) as connection:
        yield name, connection
    await broker.purge()


async def test_a_user_writes_where_its_work_is_and_nowhere_else(
    user: tuple[str, AbstractConnection],
) -> None:
    name, connection = user
    allowed = set()
    for exchange, routing_key in TARGETS:
        channel = await connection.channel()
        try:
            target = (
                await channel.get_exchange(exchange, ensure=False)
                if exchange
                else channel.default_exchange
            )
            await target.publish(aio_pika.Message(b"x"), routing_key, mandatory=False)
        except ChannelAccessRefused:
            continue
        allowed.add((exchange, routing_key))
    assert allowed == WRITES[name]


async def test_a_user_reads_its_own_queues_and_no_others(
    user: tuple[str, AbstractConnection],
) -> None:
    name, connection = user
    readable = set()
    for queue in QUEUES:
        channel = await connection.channel()
        try:
            await (await channel.get_queue(queue, ensure=False)).get(no_ack=True, fail=False)
        except ChannelAccessRefused:
            continue
        readable.add(queue)
    assert readable == (set(QUEUES) if name == "worker" else set())


async def test_channels_make_queues_for_replies_subscribers_for_events_and_nobody_others(
    user: tuple[str, AbstractConnection],
) -> None:
    name, connection = user
    made = set()
    for queue in (
        *(f"{kind}.{name}.1" for kind in ("antwoord", "gebeurtenis")),
        *("antwoord.balie.mine", "gebeurtenis.dossier.mine", "klantcontact.mine", "mine"),
    ):
        channel = await connection.channel()
        try:
            await channel.declare_queue(queue, exclusive=True)
        except ChannelAccessRefused:
            continue
        made.add(queue)
    own = {f"antwoord.{name}.1"} if name in topology.KANALEN else set()
    own |= {f"gebeurtenis.{name}.1"} if name == topology.ABONNEE else set()
    assert made == own | ({"antwoord.balie.mine"} if name == "balie" else set())


async def test_nobody_but_the_administrator_deletes_or_empties_a_queue_of_the_worker_s(
    user: tuple[str, AbstractConnection],
) -> None:
    name, connection = user
    for queue in QUEUES:
        channel = await connection.channel()
        with pytest.raises(ChannelAccessRefused):
            await channel.queue_delete(queue)
        if name != "worker":
            channel = await connection.channel()
            with pytest.raises(ChannelAccessRefused):
                await (await channel.get_queue(queue, ensure=False)).purge()
