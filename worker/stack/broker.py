"""A broker that exists already, named in the environment, in the place of a private node.

KLANTCONTACT_STACK_AMQP is the AMQP URL of an administrator of it. The project's definitions and
users must be there; KLANTCONTACT_STACK_AMQP_PASSWORDS_FILE names a JSON file with the users'
passwords: {user: password}.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from worker.rabbitmq import topology
from worker.rabbitmq.probe import BrokerUnreachableError, log_in, missing_queues
from worker.rabbitmq.users import ADMIN
from worker.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping

AMQP: Final = "KLANTCONTACT_STACK_AMQP"
PASSWORDS_FILE: Final = "KLANTCONTACT_STACK_AMQP_PASSWORDS_FILE"


@dataclass(frozen=True, slots=True)
class ExistingBroker:
    """A broker by its administrator's URL, and its users' passwords."""

    amqp: str
    passwords: Mapping[str, str]

    def url(self, user: str) -> str:
        """The AMQP URL of one of the users, or of the administrator."""
        if user == ADMIN:
            return self.amqp
        parts = urlsplit(self.amqp)
        host = parts.netloc.rpartition("@")[2]
        login = f"{quote(user, safe='')}:{quote(self.passwords[user], safe='')}"
        return parts._replace(netloc=f"{login}@{host}").geturl()

    def start(self) -> None:
        """Check that it has the project's queues and lets the worker in. Raises StackError."""
        queues = [queue["name"] for queue in topology.definitions()["queues"]]
        try:
            missing = asyncio.run(missing_queues(self.amqp, queues))
            asyncio.run(log_in(self.url("worker")))
        except BrokerUnreachableError as error:
            message = f"the broker in {AMQP} can't be used: {error}"
            raise StackError(message) from error
        if missing:
            message = (
                f"the broker in {AMQP} has no queue {missing[0]}: import"
                " deploy/rabbitmq/definitions.json there first"
            )
            raise StackError(message)

    def await_ready(self) -> None:
        """It runs already."""


def existing(environment: Mapping[str, str]) -> ExistingBroker | None:
    """The broker that `environment` names, if it names one. Raises StackError."""
    amqp = environment.get(AMQP)
    if not amqp:
        return None
    if urlsplit(amqp).scheme not in {"amqp", "amqps"}:
        message = f"{AMQP} is no amqp:// URL"
        raise StackError(message)
    return ExistingBroker(amqp, _passwords(environment.get(PASSWORDS_FILE)))


def _passwords(name: str | None) -> dict[str, str]:
    """The passwords in the file `name`, of every user of the topology; a subscriber need not be."""
    if not name:
        message = (
            f"{AMQP} is set, so {PASSWORDS_FILE} must name a JSON file {{user: password}} with"
            f" the broker's users {', '.join(topology.USERS)}"
        )
        raise StackError(message)
    try:
        passwords = json.loads(Path(name).read_text(encoding="utf-8"))
        needed = topology.USERS.keys() - {topology.ABONNEE} | topology.USERS.keys() & passwords
        return {user: str(passwords[user]) for user in topology.USERS if user in needed}
    except (OSError, ValueError) as error:
        message = f"{PASSWORDS_FILE}: {name} can't be read as JSON: {error}"
    except (KeyError, TypeError) as error:
        message = f"{PASSWORDS_FILE}: {name} has no password for {error}"
    raise StackError(message)
