"""The judge of a run under faults must see what is planted, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.checker import judge
from tests.faults.found import Disturbed, Letter, Posted
from tests.faults.ledger import FIT, Entry
from tests.faults.subscriber import EVENTS
from tests.faulty import (
    ONE,
    OTHER,
    TWIN,
    UNFIT,
    WELL,
    ZAAK,
    again,
    contact,
    process,
    registered,
    rejected,
    uncertain,
)

if TYPE_CHECKING:
    from tests.faults.found import Found

STRANGE = ("portaal", "vijf")
GONE = replace(
    WELL,
    contacts=WELL.contacts[1:],
    mails={mail: state for mail, state in WELL.mails.items() if mail != "mail-1"},
    posted=Posted({"mail-2": 1, "mail-4": 1}),
    told=WELL.told[2:],
)


def test_a_run_in_which_everything_is_in_its_place_is_well() -> None:
    verdict = judge(WELL)
    assert verdict.good
    assert set(verdict.figures().values()) == {0}


def test_a_planted_loss_is_caught_and_named() -> None:
    verdict = judge(GONE)
    assert verdict.lost == ("message balie/een is neither contact nor dead letter",)
    assert not verdict.twice
    assert not verdict.unexpected


def test_what_was_never_confirmed_is_not_lost_and_is_said() -> None:
    unknown = Entry(FIT, ZAAK, set(), answered=False, planned=1, published=3, confirmed=0)
    verdict = judge(replace(GONE, entries=dict(WELL.entries) | {ONE: unknown}))
    assert not verdict.lost
    assert verdict.unexpected == ("message balie/een was not confirmed in the end",)


@pytest.mark.parametrize(
    "found",
    [
        replace(WELL, letters=WELL.letters[1:]),
        replace(WELL, letters=WELL.letters[:1]),
        replace(WELL, zaken={}),
        replace(WELL, zaken={ZAAK: ("Stap 0", False)}),
        replace(WELL, zaken={ZAAK: ("Stap 1", True)}),
        replace(
            WELL,
            contacts=(replace(WELL.contacts[0], notified={"burger": "mail-1"}), *WELL.contacts[1:]),
        ),
        replace(WELL, posted=Posted({"mail-1": 1, "mail-2": 1})),
        replace(
            WELL,
            mails={m: s for m, s in WELL.mails.items() if m != "mail-4"},
            posted=Posted({"mail-1": 1, "mail-2": 1}),
        ),
        replace(WELL, told=(*WELL.told[:2], *WELL.told[3:])),
        replace(WELL, told=(*WELL.told[:1], *WELL.told[2:])),
        replace(WELL, told=(*WELL.told[:4], *WELL.told[5:])),
        replace(uncertain("mail-1"), told=WELL.told, disturbed=Disturbed(mail_ways=1)),
        replace(
            uncertain("mail-1"),
            letters=WELL.letters,
            told=WELL.told,
            disturbed=Disturbed(mail_ways=1),
        ),
    ],
    ids=[
        "dead letter",
        "one of two contents",
        "zaak",
        "old status",
        "closed by nobody",
        "notification",
        "mail never taken",
        "mail",
        "event",
        "reply",
        "event of a refusal",
        "event of a failed mail",
        "dead letter of a failed mail",
    ],
)
def test_whatever_is_missing_is_lost(found: Found) -> None:
    assert len(judge(found).lost) == 1


@pytest.mark.parametrize(
    "found",
    [
        replace(
            WELL,
            contacts=(
                *WELL.contacts,
                replace(contact("1", ONE, "a"), notified=WELL.contacts[0].notified),
            ),
            window=True,
        ),
        replace(WELL, contacts=(*WELL.contacts, replace(contact("1", None, "a"))), window=True),
        replace(WELL, letters=(*WELL.letters, WELL.letters[0])),
        replace(
            WELL,
            letters=(*WELL.letters, Letter(OTHER, "onverwacht", "open")),
            told=(*WELL.told, rejected(OTHER, "onverwacht")),
        ),
        replace(
            WELL,
            mails=dict(WELL.mails) | {"mail-9": "verzonden"},
            posted=Posted(dict(WELL.posted.taken) | {"mail-9": 1}),
        ),
        replace(WELL, posted=Posted(dict(WELL.posted.taken) | {"mail-1": 2})),
        replace(WELL, told=again(WELL.told, "contact-2")),
        replace(WELL, told=again(WELL.told, "contact-1", EVENTS)),
    ],
    ids=[
        "two contacts of a message",
        "a contact of none",
        "two dead letters",
        "contact and dead letter",
        "a mail of no contact",
        "a mail again",
        "an event again",
        "a reply again",
    ],
)
def test_a_planted_duplicate_is_caught(found: Found) -> None:
    assert len(judge(found).twice) == 1


@pytest.mark.parametrize(
    "found",
    [
        replace(
            WELL,
            contacts=(*WELL.contacts, contact("9", STRANGE, "a")),
            told=(*WELL.told, registered("9", STRANGE)),
            mails=dict(WELL.mails) | {"mail-9": "verzonden"},
            posted=Posted(dict(WELL.posted.taken) | {"mail-9": 1}),
        ),
        replace(
            WELL,
            letters=(*WELL.letters, Letter(STRANGE, "onverwacht", "open")),
            told=(*WELL.told, rejected(STRANGE, "onverwacht")),
        ),
        replace(WELL, contacts=(contact("1", ONE, "iets anders"), *WELL.contacts[1:])),
        replace(
            WELL,
            letters=(Letter(UNFIT, "onverwacht", "open"), WELL.letters[1]),
            told=(*WELL.told, rejected(UNFIT, "onverwacht")),
        ),
        replace(WELL, letters=(replace(WELL.letters[0], state="wacht"), WELL.letters[1])),
        replace(WELL, entries=dict(WELL.entries) | {OTHER: replace(WELL.entries[UNFIT])}),
        replace(WELL, late=("contact-1 on ZAAK",)),
        replace(WELL, mails=dict(WELL.mails) | {"mail-1": "mislukt"}),
        replace(WELL, mails=dict(WELL.mails) | {"mail-1": "uitgesteld"}),
        uncertain("mail-1"),
        replace(WELL, posted=Posted(dict(WELL.posted.taken) | {"mail-9": 1})),
        replace(WELL, told=(*WELL.told, registered("9", STRANGE))),
        replace(WELL, told=(*WELL.told, registered("2", OTHER, "antwoord.balie.faults"))),
        replace(WELL, left={"outbox": 1}),
        replace(WELL, wrong=("whole-1 ended by itself",)),
        replace(WELL, logs=(*WELL.logs, process(unexpected=["onverwacht"]))),
        replace(WELL, logs=(*WELL.logs, process(out="relay"))),
        replace(WELL, logs=(*WELL.logs, process(asked=None, ended=-9))),
        replace(WELL, logs=(WELL.logs[0], process("whole-2", repeated=[ONE]))),
        replace(
            WELL,
            contacts=(
                replace(
                    WELL.contacts[0], notified=dict(WELL.contacts[0].notified) | {"vreemde": None}
                ),
                *WELL.contacts[1:],
            ),
        ),
    ],
    ids=[
        "strange contact",
        "strange dead letter",
        "other content",
        "other code",
        "not done",
        "registered though unfit",
        "after the closing",
        "mail failed",
        "mail waits",
        "onzeker for no reason",
        "strange mail",
        "event of nothing",
        "reply to nobody",
        "left over",
        "process ended",
        "error in the log",
        "role not ready in the end",
        "killed by nobody",
        "redelivered after SIGTERM",
        "told by mistake",
    ],
)
def test_what_nobody_planned_is_unexpected(found: Found) -> None:
    assert len(judge(found).unexpected) == 1


def test_a_refusal_for_a_closing_needs_one() -> None:
    letters = (*WELL.letters[:1], replace(WELL.letters[1], code="zaak-afgesloten"))
    told = (*WELL.told, rejected(TWIN, "zaak-afgesloten"))
    said = judge(replace(WELL, letters=letters, told=told)).unexpected
    assert "message balie/vier was refused for a closing that never was" in said
