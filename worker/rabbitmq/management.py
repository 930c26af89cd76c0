"""RabbitMQ's management API: how an administrator has the topology applied from elsewhere."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx

from worker import tls
from worker.errors import Outage, UsageError
from worker.rabbitmq.differences import Differences, differences
from worker.rabbitmq.topology import VHOST

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

# A broker takes its time over many queues: each of them is agreed upon by its whole cluster.
_SECONDS: Final = 60.0
_LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Management:
    """Where the API is, who asks, and for https what verifies who answers."""

    url: str
    user: str
    password: str = field(repr=False)
    context: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """How the broker was before the definitions came, and what they could not put right."""

    before: Differences
    after: Differences

    @property
    def complete(self) -> bool:
        """Whether everything is there now, and as it should be."""
        return self.after == Differences([], [])


def apply(to: Management, definitions: Mapping[str, Any]) -> Applied:
    """Import `definitions`; raises Outage or UsageError.

    RabbitMQ passes over a queue or exchange of the same name that is there already, whatever its
    properties, and says nothing. So it is asked afterwards what it has.
    """
    try:
        with httpx.Client(
            base_url=f"{to.url.rstrip('/')}/api/",
            auth=(to.user, to.password),
            verify=to.context or True,
            timeout=_SECONDS,
        ) as client:
            before = _ask(client, definitions)
            _checked(client.post("definitions", json=definitions))
            return Applied(before, _ask(client, definitions))
    except httpx.RemoteProtocolError:
        raise Outage(f"{to.url} speaks no HTTP; is that the port of the management?") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Outage(_failure(to.url, error)) from None


def _ask(client: httpx.Client, definitions: Mapping[str, Any]) -> Differences:
    """What the broker lacks now."""
    answer = client.get(f"definitions/{quote(VHOST, safe='')}")
    if answer.status_code == HTTPStatus.BAD_REQUEST and "vhost_not_found" in answer.text:
        return differences(definitions, {})
    try:
        return differences(definitions, _checked(answer).json())
    except (ValueError, AttributeError, TypeError):
        raise Outage(f"{client.base_url} answers with no definitions of RabbitMQ's") from None


def _checked(answer: httpx.Response) -> httpx.Response:
    """`answer`, if it is a good one; raises UsageError or Outage."""
    if answer.is_success:
        return answer
    reason = _reason(answer)
    if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise UsageError(
            f"RabbitMQ refuses the user or its password{reason}; it must be one with the tag"
            " administrator"
        )
    if answer.status_code == HTTPStatus.BAD_REQUEST:
        raise UsageError(f"RabbitMQ refuses the definitions{reason}")
    raise Outage(
        f"{answer.url} answers {answer.status_code}{reason}; is RabbitMQ's management there?"
    )


def _reason(answer: httpx.Response) -> str:
    """What RabbitMQ says of it, in one line; nothing where it isn't RabbitMQ that answers."""
    try:
        given = answer.json()["reason"]
    except (ValueError, KeyError, TypeError):
        return ""
    words = " ".join(html.unescape(str(given)).split())
    printable = "".join(each if each.isprintable() else "?" for each in words)
    return f": {printable[:_LONGEST_REASON]}"


def _failure(url: str, error: Exception) -> str:
    if insecure := tls.failure(error):
        return f"{url} {insecure}; see to --url and --ca"
    return f"{url} does not answer ({type(error).__name__}); is the management on, and reachable?"
