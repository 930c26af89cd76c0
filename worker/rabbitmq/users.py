"""The broker's users and what they may do, in the form that RabbitMQ imports.

They stand in a file of their own, apart from the topology, because they hold secrets.
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING, Any, Final

from worker.rabbitmq.topology import USERS, VHOST, Access, channel_access, subscriber_access

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ADMIN: Final = "admin"
_EVERYTHING: Final = Access(configure=".*", write=".*", read=".*")


def user_definitions(
    passwords: Mapping[str, str],
    kanalen: Mapping[str, str] | None = None,
    abonnees: Iterable[str] = (),
) -> dict[str, Any]:
    """Users, permissions and topic permissions for the users named in `passwords`.

    Each name is one of `topology.USERS` or `admin`, a channel system's own whose kanaal is in
    `kanalen`, or one of `abonnees`, who take events; another one is a KeyError. Passwords leave
    only as salted SHA-256 hashes.
    """
    known = {**USERS, ADMIN: _EVERYTHING}
    own = {user: channel_access(kanaal, user) for user, kanaal in (kanalen or {}).items()}
    own |= {user: subscriber_access(user) for user in abonnees}
    access = {name: known[name] if name in known else own[name] for name in passwords}
    return {
        "users": [_user(name, password) for name, password in passwords.items()],
        "permissions": [_permission(name, allowed) for name, allowed in access.items()],
        "topic_permissions": [
            _topic_permission(name, exchange, routing_keys)
            for name, allowed in access.items()
            for exchange, routing_keys in allowed.topics
        ],
    }


def password_hash(password: str, salt: bytes) -> str:
    """RabbitMQ's form: base64 of a 4-byte salt and the SHA-256 of salt and password."""
    digest = hashlib.sha256(salt + password.encode()).digest()
    return base64.b64encode(salt + digest).decode("ascii")


def _user(name: str, password: str) -> dict[str, Any]:
    return {
        "name": name,
        "password_hash": password_hash(password, os.urandom(4)),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": ["administrator"] if name == ADMIN else [],
    }


def _permission(name: str, allowed: Access) -> dict[str, str]:
    return {
        "user": name,
        "vhost": VHOST,
        "configure": allowed.configure,
        "write": allowed.write,
        "read": allowed.read,
    }


def _topic_permission(name: str, exchange: str, routing_keys: str) -> dict[str, str]:
    return {
        "user": name,
        "vhost": VHOST,
        "exchange": exchange,
        "write": routing_keys,
        "read": "^$",
    }
