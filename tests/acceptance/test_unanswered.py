"""An AMQP method that the broker leaves unanswered delays a role, and ends none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.amqp_proxy import Fault, How
from worker.role import Role

if TYPE_CHECKING:
    from tests.unanswered import Stage

pytestmark = pytest.mark.usefixtures("measured")

# One of each kind; test_every_answer has all of them, with the time that each may take.
_CASES = [
    (Role.INTAKE, Fault("basic.consume-ok", How.SWALLOWED)),
    (Role.SINK, Fault("basic.consume-ok", How.MUTED)),
    (Role.MAILER, Fault("channel.close-ok", How.SWALLOWED)),
    (Role.RELAY, Fault("basic.ack", How.SWALLOWED)),
]


@pytest.mark.parametrize(("role", "fault"), _CASES, ids=str)
async def test_a_role_works_again_after_an_answer_that_did_not_come(
    stage: Stage,
    role: Role,
    fault: Fault,
) -> None:
    await stage.seconds_away(role, fault)
