"""Which processes a run has: those of the program, or one that is wrong among them.

The wrong ones show that the judge sees what it is there for.
"""

from __future__ import annotations

from typing import Final

from tests.faults.workers import Roles

_QUICK: Final = {"KLANTCONTACT_AMQP_SILENCE": "PT2S"}
CREWS: Final[dict[str, tuple[Roles, ...]]] = {
    "right": (
        Roles("whole-1"),
        Roles("whole-2"),
        Roles("intake-relay", ("intake", "relay")),
        Roles("mailer", ("mailer",)),
    ),
    # Whatever a fault strikes is the wrong one: the others are not behind the wires.
    "acknowledging": (
        Roles("hasty", module="tests.faults.wrong.acknowledging", sends=False),
        Roles("others", ("relay", "mailer", "sink"), wired=False),
    ),
    "marking": (
        Roles("hasty", module="tests.faults.wrong.marking", settings=_QUICK, sends=False),
        Roles("others", ("intake", "mailer", "sink"), wired=False),
    ),
}
