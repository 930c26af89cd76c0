from __future__ import annotations

import re
from pathlib import Path

import orjson

from worker.rabbitmq import topology

_FILE = Path(__file__).parents[2] / "deploy/rabbitmq/definitions.json"


def test_the_file_that_administrators_import_equals_the_code() -> None:
    assert orjson.loads(_FILE.read_bytes()) == topology.definitions()


def test_every_queue_is_a_durable_quorum_queue_with_a_delivery_limit() -> None:
    made = topology.definitions()
    for queue in made["queues"]:
        assert queue["durable"]
        assert queue["arguments"] == {"x-queue-type": "quorum"}
        matching = [each for each in made["policies"] if re.match(each["pattern"], queue["name"])]
        policy = max(matching, key=lambda each: each["priority"])
        assert policy["definition"]["delivery-limit"] == 100_000


def test_what_is_dead_lettered_from_a_channel_is_dead_lettered_at_least_once() -> None:
    (policy,) = [
        each for each in topology.definitions()["policies"] if each["name"] == "klantcontact"
    ]
    assert policy["definition"] == {
        "delivery-limit": 100_000,
        "dead-letter-exchange": "klantcontact.dlx",
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
        "max-length": 2_000_000,
    }


def test_the_dead_letter_queue_has_no_other_to_send_to() -> None:
    (policy,) = [
        each for each in topology.definitions()["policies"] if each["name"] == "klantcontact-dlq"
    ]
    assert "dead-letter-exchange" not in policy["definition"]


def test_every_binding_leads_from_an_exchange_to_a_queue_that_are_there() -> None:
    made = topology.definitions()
    exchanges = {each["name"] for each in made["exchanges"]}
    queues = {each["name"] for each in made["queues"]}
    assert {each["source"] for each in made["bindings"]} <= exchanges
    assert {each["destination"] for each in made["bindings"]} == queues
