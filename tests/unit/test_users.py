"""What the broker is told of its users."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from worker.rabbitmq.topology import USERS
from worker.rabbitmq.users import ADMIN, password_hash, user_definitions

PASSWORDS = {name: f"geheim-{name}" for name in (*USERS, ADMIN)}


def test_every_user_gets_its_own_permissions() -> None:
    """Each user of the topology stands in users and permissions once."""
    made = user_definitions(PASSWORDS)
    for part in ("users", "permissions"):
        names = [entry.get("name") or entry["user"] for entry in made[part]]
        assert sorted(names) == sorted(PASSWORDS)


def test_a_channel_may_write_its_own_routing_key_only() -> None:
    """The topic permission of a channel is its own kanaal."""
    topics = user_definitions(PASSWORDS)["topic_permissions"]
    keys = {(entry["user"], entry["exchange"]): entry["write"] for entry in topics}
    assert keys["callcenter", "klantcontact.registratie"] == "^callcenter$"


def test_only_the_administrator_may_do_everything() -> None:
    """No other user can configure or write everything, or has a tag."""
    made = user_definitions(PASSWORDS)
    assert [user["name"] for user in made["users"] if user["tags"]] == [ADMIN]
    assert [entry["user"] for entry in made["permissions"] if entry["write"] == ".*"] == [ADMIN]


def test_no_password_leaves_in_the_clear() -> None:
    """The definitions hold salted hashes, another one each time."""
    once, twice = (json.dumps(user_definitions(PASSWORDS)) for _ in range(2))
    assert "geheim" not in once
    assert once != twice


def test_the_hash_is_the_one_that_rabbitmq_computes() -> None:
    """Base64 of the salt and the SHA-256 of salt and password."""
    raw = base64.b64decode(password_hash("wachtwoord", b"zout"))
    assert raw == b"zout" + hashlib.sha256(b"zoutwachtwoord").digest()


def test_a_user_that_nobody_knows_is_refused() -> None:
    """There are no users beside those of the topology and the administrator."""
    with pytest.raises(KeyError):
        user_definitions({"guest": "guest"})
