"""Messages as large as they come: with a document inside."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from typing import TYPE_CHECKING

from tests.bench import tokens
from tests.bench.material import Message, klantcontact, message_id
from worker.rabbitmq.topology import KANALEN

if TYPE_CHECKING:
    from collections.abc import Iterator


def sized(count: int, size: int, seed: int) -> Iterator[Message]:
    """Messages of exactly `size` bytes, each with a document of its own in it."""
    chance = random.Random(seed)
    for number in range(count):
        kanaal = KANALEN[number % len(KANALEN)]
        contact = klantcontact(chance, kanaal, 50)
        contact["documenten"] = [{"titel": "Bijlage", "formaat": "audio/ogg", "inhoud": ""}]
        room = size - len(json.dumps(contact).encode())
        content = b64encode(chance.randbytes(room // 4 * 3)).decode()
        contact["documenten"][0]["inhoud"] = content
        contact["onderwerp"] += "." * (room % 4)
        token = tokens.of(kanaal, contact["opvoerder"]["identificatie"])
        yield Message(kanaal, message_id(chance), json.dumps(contact).encode(), token=token)
