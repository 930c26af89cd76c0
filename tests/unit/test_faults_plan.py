"""What a run sends is the same for the same seed, and has everything in it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

from tests.faults.ledger import Entry
from tests.faults.plan import Plan, Planned
from tests.faults.zaken import Fact

COUNT = 6000


def _planned(seed: int) -> tuple[list[Planned | Fact], Plan]:
    plan = Plan(seed)
    return [*islice(plan.stream(), COUNT), *plan.rest()], plan


SENT, PLAN = _planned(7)
MESSAGES = [each for each in SENT if isinstance(each, Planned)]
FACTS = [each for each in SENT if isinstance(each, Fact)]


def test_the_same_seed_sends_the_same_ids_in_the_same_order() -> None:
    def ids(sent: list[Planned | Fact]) -> list[object]:
        return [each.key if isinstance(each, Planned) else each.id for each in sent]

    assert ids(_planned(7)[0]) == ids(SENT)
    assert ids(_planned(8)[0]) != ids(SENT)


def test_a_tenth_comes_twice_and_one_in_a_hundred_is_unfit_of_each_sort() -> None:
    times = Counter((each.key, each.content) for each in MESSAGES)
    again = sum(count - 1 for count in times.values())
    assert 0.05 * COUNT < again < 0.12 * COUNT
    unfit = Counter(code for each in MESSAGES if not each.fate.contact for code in each.fate.codes)
    assert min(unfit.values()) > 0.005 * COUNT
    assert len(unfit) == 7


def test_some_come_before_their_zaak_and_some_while_it_closes() -> None:
    known = {
        each.zaak: place for place, each in reversed([*enumerate(SENT)]) if isinstance(each, Fact)
    }
    early = [
        each
        for place, each in enumerate(SENT)
        if isinstance(each, Planned) and known.get(each.zaak, -1) > place
    ]
    assert len(early) > 30
    assert sum("zaak-afgesloten" in each.fate.codes for each in MESSAGES) > 100


def test_facts_come_in_any_order_and_none_is_from_the_future() -> None:
    order = [each.snapshot.time for each in FACTS if each.snapshot.closed or "-1" in each.id[-2:]]
    assert order != sorted(order)
    assert all(each.snapshot.time < datetime.now(UTC) for each in FACTS)


def test_clocks_are_wrong_within_what_is_allowed_and_beyond() -> None:
    minute = timedelta(minutes=1)
    within = [each for each in MESSAGES if each.fate.contact and each.ahead]
    beyond = [each for each in MESSAGES if each.ahead > minute]
    assert within
    assert all(each.ahead < minute for each in within)
    assert beyond
    assert {code for each in beyond for code in each.fate.codes} == {"bericht-ongeldig"}


def test_two_contents_under_one_id_differ() -> None:
    entries: dict[tuple[str, str], Entry] = {}
    for each in MESSAGES:
        if each.fate.both:
            entry = entries.setdefault(each.key, Entry(each.fate, each.zaak))
            entry.contents.add(each.content)
    assert entries
    assert {len(each.contents) for each in entries.values()} == {2}
