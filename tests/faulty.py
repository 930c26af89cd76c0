"""A run in which everything is in its place, to be planted with what should not be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tests.faults.found import Contact, Disturbed, Found, Letter, Posted
from tests.faults.ledger import FIT, Entry, Fate, Snapshot, content_of, refused
from tests.faults.subscriber import EVENTS, Told, reply_queue
from tests.faults.worker_logs import Logged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.faults.ledger import Key

ONE, OTHER, UNFIT, TWIN = ("balie", "een"), ("balie", "twee"), ("balie", "drie"), ("balie", "vier")
ZAAK: Final = "ZAAK-2026-0000001"
_TWINS: Final = Fate(contact=True, codes=frozenset({"bericht-id-hergebruikt"}), both=True)


def entry(fate: Fate, *contents: str, answered: bool = False) -> Entry:
    number = len(contents)
    return Entry(fate, ZAAK, {content_of(each) for each in contents}, answered, *[number] * 3)


def contact(number: str, key: Key | None, content: str) -> Contact:
    mails = {"burger": f"mail-{number}", "buurman": None}
    return Contact(f"contact-{number}", key, ZAAK, content_of(content), mails)


def registered(number: str, key: Key, queue: str = EVENTS) -> tuple[str, Told]:
    name = f"contact-{number}"
    return name, Told("klantcontact-geregistreerd", queue, key, name, None, 1)


def rejected(key: Key, code: str) -> tuple[str, Told]:
    name = "event of " + "/".join(key)
    return name, Told("klantcontact-afgewezen", EVENTS, key, key[1], code, 1)


def process(  # noqa: PLR0913 (what a test wants to say of it)
    name: str = "whole-1",
    *,
    asked: str | None = "terminated",
    ended: int = 0,
    registered: Mapping[Key, float] | None = None,
    repeated: Sequence[Key] = (),
    unexpected: Sequence[str] = (),
    out: str = "",
) -> Logged:
    """One that ran and was told to stop."""
    return Logged(
        name,
        asked,
        ended,
        sends=True,
        last=True,
        roles=frozenset({"intake", "relay"}),
        at_work={"intake", "relay"} - {out},
        registered=dict(registered or {}),
        repeated=Counter(repeated),
        unexpected=list(unexpected),
    )


def failed(mail: str) -> tuple[str, Told]:
    return f"event of {mail}", Told("mail-mislukt", EVENTS, None, mail, None, 1)


def again(told: Sequence[tuple[str, Told]], name: str, but_on: str = "") -> list[tuple[str, Told]]:
    """One of them was published once more, but not on that queue."""
    return [(n, replace(t, times=t.times + (n == name and t.queue != but_on))) for n, t in told]


WELL: Final = Found(
    entries={
        ONE: entry(FIT, "a", answered=True),
        OTHER: entry(FIT, "b"),
        UNFIT: entry(refused("bericht-ongeldig"), "c"),
        TWIN: entry(_TWINS, "d", "e"),
    },
    zaken_sent={ZAAK: Snapshot(datetime(2026, 1, 5, tzinfo=UTC), "Stap 1", closed=False)},
    recipients={ZAAK: {"burger": True, "buurman": False}},
    contacts=(contact("1", ONE, "a"), contact("2", OTHER, "b"), contact("4", TWIN, "e")),
    letters=(
        Letter(UNFIT, "bericht-ongeldig", "open"),
        Letter(TWIN, "bericht-id-hergebruikt", "open"),
    ),
    zaken={ZAAK: ("Stap 1", False)},
    late=(),
    mails={"mail-1": "verzonden", "mail-2": "verzonden", "mail-4": "verzonden"},
    posted=Posted({"mail-1": 1, "mail-2": 1, "mail-4": 1}),
    told=(
        registered("1", ONE),
        registered("1", ONE, reply_queue("balie")),
        registered("2", OTHER),
        registered("4", TWIN),
        rejected(UNFIT, "bericht-ongeldig"),
        rejected(TWIN, "bericht-id-hergebruikt"),
    ),
    left={"outbox": 0, "klantcontact.dlq": 0},
    logs=(process(registered={ONE: 100.0, OTHER: 100.0}), process("whole-2")),
    disturbed=Disturbed(),
    connections=4,
    in_hand=100,
)


def broken_off(role: str) -> Logged:
    """A process that met an outage in that role."""
    once = Counter({role: 1})
    return replace(process("whole-3"), broken_off=once, outages=once)


def uncertain(mail: str) -> Found:
    """One mail got no answer, and is on record as such."""
    return replace(
        WELL,
        mails=dict(WELL.mails) | {mail: "onzeker"},
        letters=(*WELL.letters, Letter(("", mail), "mail-mislukt", "open")),
        told=(*WELL.told, failed(mail)),
    )
