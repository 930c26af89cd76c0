"""What the faults of a run explain is no finding."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.checker import judge
from tests.faults.found import Disturbed, Posted
from tests.faults.subscriber import EVENTS
from tests.faulty import ONE, WELL, again, broken_off, process, uncertain

if TYPE_CHECKING:
    from tests.faults.found import Found

SENT_TWICE = dict(WELL.entries) | {ONE: replace(WELL.entries[ONE], published=2)}


@pytest.mark.parametrize(
    "found",
    [
        replace(
            WELL,
            logs=(*WELL.logs, broken_off("mailer")),
            posted=Posted(dict(WELL.posted.taken) | {"mail-1": 5}),
        ),
        replace(WELL, logs=(*WELL.logs, broken_off("relay")), told=again(WELL.told, "contact-2")),
        replace(WELL, disturbed=Disturbed(relays_slowed=1), told=again(WELL.told, "contact-2")),
        replace(WELL, entries=SENT_TWICE, told=again(WELL.told, "contact-1", EVENTS)),
        replace(uncertain("mail-1"), disturbed=Disturbed(mail_ways=1)),
        replace(uncertain("mail-1"), posted=Posted(WELL.posted.taken, {"mail-1": 1})),
        replace(
            WELL,
            logs=(WELL.logs[0], process("whole-2", repeated=[ONE])),
            disturbed=Disturbed(moments=((98.0, 99.0),)),
        ),
        replace(
            WELL,
            logs=(
                replace(broken_off("intake"), registered={ONE: 100.0}),
                process("whole-2", repeated=[ONE]),
            ),
        ),
        replace(WELL, logs=(*WELL.logs, process(asked="killed", ended=-9))),
        replace(
            WELL,
            logs=(*WELL.logs, process(asked=None, ended=-9)),
            disturbed=Disturbed(boundary_kills=1),
        ),
    ],
    ids=[
        "mails again after an outage",
        "events again after one",
        "events again as a relay was slow",
        "a reply again as its message came again",
        "onzeker as the way was broken",
        "onzeker as the server said nothing",
        "redelivered after a fault",
        "redelivered after an outage",
        "killed",
        "killed at a boundary",
    ],
)
def test_what_the_faults_allow_is_well(found: Found) -> None:
    assert judge(found).good


def test_mails_are_counted_that_were_taken_again_and_those_that_may_be() -> None:
    taken = Posted(dict(WELL.posted.taken) | {"mail-1": 3})
    figures = judge(replace(WELL, posted=taken, logs=(*WELL.logs, broken_off("mailer")))).figures()
    assert (figures["mails_repeated"], figures["mails_repeatable"]) == (2, 4)
