"""The judge of a run under faults must see what is planted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.checker import Found, judge

ONE, OTHER, UNFIT = ("callcenter", "een"), ("balie", "twee"), ("balie", "drie")
VALID, INVALID = frozenset({ONE, OTHER}), frozenset({UNFIT})
WELL = Found(
    registered=(ONE, OTHER),
    refused=frozenset({UNFIT}),
    mails={"m1": "verzonden", "m2": "onzeker"},
    taken={"m1": 1},
    left={"outbox": 0, "klantcontact.dlq": 0},
)


def test_a_run_in_which_everything_is_in_its_place_is_well() -> None:
    verdict = judge(VALID, INVALID, WELL)
    assert verdict.figures() == {"lost": 0, "twice": 0, "unexpected": 0, "mails_repeated": 0}


def test_a_message_that_became_nothing_is_lost() -> None:
    assert judge(VALID, INVALID, replace(WELL, registered=(ONE,))).lost == ("balie/twee",)


def test_an_unfit_message_without_a_dead_letter_is_lost() -> None:
    assert judge(VALID, INVALID, replace(WELL, refused=frozenset())).lost == ("balie/drie",)


def test_a_message_with_two_contacts_is_there_twice() -> None:
    found = replace(WELL, registered=(ONE, OTHER, ONE))
    assert judge(VALID, INVALID, found).twice == ("callcenter/een",)


def test_a_message_that_is_contact_and_dead_letter_is_there_twice() -> None:
    found = replace(WELL, refused=frozenset({UNFIT, ONE}))
    assert judge(VALID, INVALID, found).twice == ("callcenter/een",)


def test_a_mail_that_is_taken_again_is_counted() -> None:
    assert judge(VALID, INVALID, replace(WELL, taken={"m1": 3})).mails_repeated == 2


@pytest.mark.parametrize(
    "found",
    [
        replace(WELL, registered=(ONE, OTHER, ("portaal", "vier"))),
        replace(WELL, refused=frozenset({UNFIT, ("portaal", "vier")})),
        replace(WELL, mails={"m1": "verzonden", "m2": "mislukt"}),
        replace(WELL, taken={}),
        replace(WELL, taken={"m1": 1, "m9": 1}),
        replace(WELL, left={"outbox": 1}),
        replace(WELL, wrong=("worker-1 ended by itself",)),
    ],
    ids=["contact", "dead letter", "mail failed", "never sent", "strange mail", "left", "process"],
)
def test_what_nobody_planned_is_unexpected(found: Found) -> None:
    assert len(judge(VALID, INVALID, found).unexpected) == 1
