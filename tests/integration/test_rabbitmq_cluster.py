"""deploy/rabbitmq/cluster makes a cluster of three with all that the program needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aio_pika
import pytest
from annotated_types import Le

from tests.rabbitmq_cluster import PASSWORDS, running
from tests.rabbitmq_node import CONFIGURATION, NAMES
from tests.waiting import until
from worker.rabbitmq import topology
from worker.settings import Settings
from worker.stack.errors import StackError
from worker.stack.rabbitmq import MAX_MESSAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rabbitmq_cluster import Cluster


_BYTES = Settings.model_fields["message_bytes"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    try:
        entered = running(folder)
        made = entered.__enter__()
    except StackError as error:
        pytest.skip(f"no RabbitMQ here: {error}")
    try:
        yield made
    finally:
        entered.__exit__(None, None, None)


def test_the_largest_message_is_that_of_the_stack_and_of_the_setting() -> None:
    said = re.search(r"^max_message_size = (\d+)$", CONFIGURATION.read_text(), re.MULTILINE)
    assert said is not None
    (largest,) = (each.le for each in _BYTES.metadata if isinstance(each, Le))
    assert int(said[1]) == MAX_MESSAGE_SIZE == largest


def test_every_queue_is_on_all_three_nodes(cluster: Cluster) -> None:
    members = {each["name"]: len(each["members"]) for each in cluster.ask("queues")}
    assert members == {each["name"]: len(NAMES) for each in topology.definitions()["queues"]}


async def test_every_node_leads_some_of_them_once_they_are_spread(cluster: Cluster) -> None:
    async def spread() -> bool:
        return len({each["leader"] for each in cluster.ask("queues")}) == len(NAMES)

    # RabbitMQ 4 takes no leader from the nodes that still start, as the last to come does.
    cluster.spread()
    await until(spread, "leaders at every node")


def test_the_policies_of_the_definitions_are_there(cluster: Cluster) -> None:
    wanted = {each["name"] for each in topology.definitions()["policies"]}
    assert {each["name"] for each in cluster.ask("policies")} == wanted


def test_there_is_no_user_but_those_of_the_definitions(cluster: Cluster) -> None:
    assert {each["name"] for each in cluster.ask("users")} == set(PASSWORDS)


async def test_a_worker_is_let_in_over_tls_at_every_node(cluster: Cluster) -> None:
    for node in cluster.nodes:
        url = f"amqps://worker:{PASSWORDS['worker']}@localhost:{node.amqp}/"
        async with await aio_pika.connect(url, ssl_context=cluster.trusted()) as connection:
            channel = await connection.channel()
            await channel.get_queue(topology.ZAKEN)


async def test_prometheus_is_told_how_much_waits_in_each_queue(cluster: Cluster) -> None:
    async def told() -> bool:
        # A node tells of the queues that it leads, some seconds after they were made.
        return wanted <= {name for node in cluster.nodes for name in cluster.waiting(node)}

    wanted = {each["name"] for each in topology.definitions()["queues"]}
    await until(told, "every queue at one of the nodes")
