"""Everyone is told once, of the right thing, by a mail of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.checker import judge
from tests.faults.found import Disturbed
from tests.faulty import ONE, OTHER, UNFIT, WELL, registered, uncertain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.found import Found

MAILS = {mail: state for mail, state in WELL.mails.items() if mail != "mail-1"}
ASKED = dict(WELL.entries) | {UNFIT: replace(WELL.entries[UNFIT], answered=True)}


def notified(**by: str | None) -> Found:
    """The first contact is told of by these mails."""
    told: Mapping[str, str | None] = by
    people = {"burger": True, "buurman": by.get("buurman") is not None}
    first = replace(WELL.contacts[0], zaak="ZAAK-2", notified=told)
    return replace(
        WELL,
        entries=dict(WELL.entries) | {ONE: replace(WELL.entries[ONE], zaak="ZAAK-2")},
        recipients=dict(WELL.recipients) | {"ZAAK-2": people},
        contacts=(first, *WELL.contacts[1:]),
    )


@pytest.mark.parametrize(
    "found",
    [
        replace(notified(burger="mail-2", buurman=None), mails=MAILS),
        notified(burger="mail-1", buurman="mail-1"),
        replace(uncertain("mail-1"), mails=WELL.mails, disturbed=Disturbed(mail_ways=1)),
    ],
    ids=["two contacts in a mail", "two people in a mail", "sent and failed"],
)
def test_a_mail_that_is_of_two_is_unexpected(found: Found) -> None:
    posted = replace(found.posted, taken=dict.fromkeys(found.mails, 1))
    assert len(judge(replace(found, posted=posted)).unexpected) == 1


def test_two_contacts_may_share_a_mail_within_a_window() -> None:
    found = replace(notified(burger="mail-2", buurman=None), mails=MAILS, window=True)
    posted = replace(found.posted, taken=dict.fromkeys(found.mails, 1))
    assert judge(replace(found, posted=posted)).good


def test_a_sender_that_hears_of_two_contacts_hears_of_one_too_many() -> None:
    other = registered("2", ONE, "antwoord.balie.faults")
    assert len(judge(replace(WELL, told=(*WELL.told, other))).twice) == 1
    assert judge(WELL).good


def test_a_refusal_that_its_sender_did_not_hear_is_lost() -> None:
    assert len(judge(replace(WELL, entries=ASKED)).lost) == 1


def test_a_contact_of_another_zaak_is_unexpected() -> None:
    moved = replace(WELL.entries[OTHER], zaak="ZAAK-2")
    found = replace(WELL, entries=dict(WELL.entries) | {OTHER: moved})
    assert len(judge(found).unexpected) == 1
