"""Which faults come, what is made of them, and what is said in the end."""

from __future__ import annotations

import json
import random
from collections import Counter
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from io import StringIO
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from rich.console import Console

from tests.faults import report
from tests.faults.catalogue import CATALOGUE
from tests.faults.catalogue.fault import Named
from tests.faults.checker import Verdict
from tests.faults.crews import CREWS
from tests.faults.disturbed import disturbed
from tests.faults.mixing import Mixing, Strike
from tests.faults.run import Run
from tests.faults.worker_logs import read
from tests.faults.workers import Life

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from tests.bench.site import Site
    from tests.faults.recovery import Recovery
    from tests.faults.world import World

WELL = Verdict((), (), (), 1, 4)
KINDS = list(CATALOGUE)


def mixing(seed: int) -> Mixing:
    nothing = cast("World", None), random.Random(seed), KINDS, cast("Recovery", None)
    return Mixing(*nothing)


def run(*strikes: Strike) -> Run:
    made = Run(cast("Site", None), Path(), 7, KINDS, 10, 2, 1.0)
    made.strikes, made.sent = list(strikes), 12
    return made


def struck(*names: str, lasted: float = 1.0, recovery: float = 1.0) -> Strike:
    return Strike(names, list(names), [], 100.0, 100.0 + lasted, lasted, recovery)


def test_every_kind_has_its_turn_before_one_comes_again() -> None:
    first = chain.from_iterable(islice(mixing(1).deck(), len(KINDS)))
    assert set(Counter(islice(first, len(KINDS))).values()) == {1}


def test_of_two_at_a_time_none_undoes_the_other() -> None:
    pairs = [each for each in islice(mixing(1).deck(), 500) if len(each) == 2]
    assert len(pairs) > 50
    assert not any(CATALOGUE[one].touches & CATALOGUE[other].touches for one, other in pairs)


def test_the_same_seed_makes_the_same_faults() -> None:
    def some(seed: int) -> list[tuple[str, ...]]:
        return list(islice(mixing(seed).deck(), 50))

    assert some(3) == some(3)
    assert some(3) != some(4)


@asynccontextmanager
async def nothing_happens(_world: World) -> AsyncIterator[None]:
    yield


class Refused(AbstractAsyncContextManager[None]):
    def __init__(self, _world: World) -> None: ...

    async def __aenter__(self) -> None:
        raise ConnectionRefusedError

    async def __aexit__(self, *_: object) -> None: ...


MADE_UP = {
    "killed": Named("killed", nothing_happens, frozenset({"database"})),
    "locked": Named("locked", Refused, frozenset({"rows"})),
}


async def test_a_fault_that_the_other_one_prevents_is_on_record_as_not_made() -> None:
    strike = Strike(("killed", "locked"))
    async with AsyncExitStack() as stack:
        await replace(mixing(1), catalogue=MADE_UP).make(strike, stack)
    assert (strike.made, strike.unavailable) == (["killed"], ["locked: ConnectionRefusedError"])


async def test_a_fault_that_cannot_be_made_although_all_is_well_ends_the_run() -> None:
    async with AsyncExitStack() as stack:
        with pytest.raises(ConnectionRefusedError):
            await replace(mixing(1), catalogue=MADE_UP).make(Strike(("locked",)), stack)


def test_what_a_fault_may_have_caused_is_known_by_what_it_touches() -> None:
    strikes = [
        struck("smtp-cut", "worker-paused"),
        struck("rabbitmq-disk-alarm", lasted=9),
        struck("amqp-latency", lasted=2),
        struck("worker-terminated"),
        struck("before-commit"),
    ]
    found = disturbed(strikes, CREWS["right"])
    assert (found.mail_ways, found.pauses, found.boundary_kills) == (1, 1, 1)
    assert found.relays_slowed == 3
    assert len(found.moments) == 4


def test_figures_are_those_that_are_promised() -> None:
    assert report.figures(run(struck("smtp-cut", "worker-paused")), WELL) == {
        "seed": 7,
        "messages": 12,
        "faults": 2,
        "lost": 0,
        "twice": 0,
        "unexpected": 0,
        "mails_repeated": 1,
        "mails_repeatable": 4,
        "longest_recovery_s": 1.0,
    }


@pytest.mark.parametrize(
    ("strike", "verdict", "well"),
    [
        (struck("smtp-cut"), WELL, True),
        (struck("smtp-cut", recovery=15.1), WELL, False),
        (struck("smtp-cut"), Verdict(("message a/b",), (), (), 0, 0), False),
        (struck("smtp-cut"), Verdict((), ("message a/b",), (), 0, 0), False),
        (struck("smtp-cut"), Verdict((), (), ("message a/b",), 0, 0), False),
    ],
    ids=["well", "slow", "lost", "twice", "unexpected"],
)
def test_a_run_is_well_only_if_nothing_was_found_and_nothing_was_slow(
    strike: Strike, verdict: Verdict, *, well: bool
) -> None:
    shown = StringIO()
    strike.unavailable.append("disk-full: only root can")
    assert report.show(run(strike), verdict, 15, Console(file=shown, width=80)) is well
    table = [line for line in shown.getvalue().splitlines() if line[:1] in "┏┃┡│└"]
    assert max(map(len, table)) == 80
    assert "not made: disk-full: only root can" in shown.getvalue()


def test_a_log_says_what_was_registered_what_broke_off_and_what_is_wrong(tmp_path: Path) -> None:
    said = [
        {"event": "gereed", "rol": "mailer"},
        {"event": "uitval", "rol": "mailer"},
        {"event": "uitval", "rol": "mailer"},
        {"event": "losgelaten", "rol": "relay"},
        {
            "event": "klantcontact", "outcome": "geregistreerd", "applicatie": "balie",
            "bericht": "1", "timestamp": "2026-11-25T12:00:00Z",
        },
        {"event": "klantcontact", "outcome": "herhaald", "applicatie": "balie", "bericht": "2"},
        {"event": "onverwacht", "level": "error", "error": "KeyError", "plaats": "x, line 1"},
    ]  # fmt: skip
    log = tmp_path / "whole-1.log"
    lines = [*map(json.dumps, said), "Traceback (most recent call last):", '{"event": "klant']
    log.write_text("\n".join(lines))
    found = read(Life(CREWS["right"][0], log, cast("asyncio.subprocess.Process", None)))
    assert list(found.registered) == [("balie", "1")]
    assert found.repeated == Counter({("balie", "2"): 1})
    assert (found.outages["mailer"], found.broken_off["mailer"], found.let_go["relay"]) == (2, 1, 1)
    assert found.unexpected == [
        "onverwacht KeyError x, line 1",
        "Traceback (most recent call last):",
    ]
