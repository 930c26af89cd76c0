"""Each AMQP method lost, muted or late, for each role: the role is back within 15 s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.amqp_proxy import Fault, How
from worker.role import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unanswered import Stage

_BACK_SECONDS: Final = 15
_CONNECTING: Final = ("connection.start", "connection.tune", "connection.open-ok")
_CONSUMING: Final = ("channel.open-ok", "basic.qos-ok", "basic.consume-ok", "channel.close-ok")
_PUBLISHING: Final = ("channel.open-ok", "confirm.select-ok", "basic.ack")
_REQUESTS: Final = ("connection.start-ok", "connection.tune-ok", "connection.open", "channel.open")
_REQUESTS_OF_A_CONSUMER: Final = ("basic.qos", "basic.consume", "channel.close", "basic.ack")
_REQUESTS_OF_A_PUBLISHER: Final = ("confirm.select", "basic.publish")


def _cases() -> Iterator[tuple[Role, Fault]]:
    for role in Role:
        publishes = role is Role.RELAY
        answers = (*_CONNECTING, *(_PUBLISHING if publishes else _CONSUMING))
        requests = _REQUESTS_OF_A_PUBLISHER if publishes else _REQUESTS_OF_A_CONSUMER
        for method in answers:
            for how in How:
                yield role, Fault(method, how)
        for method in (*_REQUESTS, *requests):
            yield role, Fault(method, How.SWALLOWED, to_broker=True)
        yield role, Fault("basic.publish" if publishes else "basic.ack", How.MUTED, to_broker=True)


@pytest.mark.parametrize(("role", "fault"), list(_cases()), ids=str)
async def test_a_role_is_back_after_an_answer_that_did_not_come(
    stage: Stage,
    role: Role,
    fault: Fault,
) -> None:
    assert await stage.seconds_away(role, fault) < _BACK_SECONDS
