"""The row about size: what is asked of dead letters, of a million of them and of a thousand."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Final

from tests.bench import database
from tests.bench.database import WrongResult
from tests.bench.processes import command
from tests.bench.site import REGISTER
from tests.many_dead_letters import CODES, GROUPS, fill_and_keep
from worker.clock import now
from worker.postgres.choosing import Choice, chosen
from worker.postgres.dead_letter_details import details
from worker.postgres.dead_letter_groups import groups
from worker.postgres.dead_letter_lists import listed
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from tests.bench.site import Site
    from worker.postgres.pool import Pool

FEW: Final = 1_000
MANY: Final = 1_000_000
RATIO: Final = "dead-letters-1m/1k"
_PAGE: Final = 20
_WARMING: Final = 20
_SAMPLE: Final = 500


async def filled(site: Site, _count: int) -> str:
    """Two databases, made once: nothing that is asked changes them. Returns that of the million."""
    await site.need_register()
    for count in (FEW, MANY):
        name = _name(count)
        if name in site.kept:
            continue
        url = await database.copy(site.state.postgres, REGISTER, name)
        async with connected(url, size=1) as pool:
            await fill_and_keep(pool, count)
        site.kept.add(name)
    return database.named(site.state.postgres, _name(MANY))


def _name(count: int) -> str:
    return f"bench_dead_letters_{count}"


async def asked(site: Site, count: int, url: str) -> float:
    """`count` times `list --code`, `groups` and `show`, by turns of the few and of the many.

    The seconds are those of the many. The ratio is of median times, of the query that fares
    worst; each has its own beside it.
    """
    few = database.named(url, _name(FEW))
    async with connected(few, size=1) as small, connected(url, size=1) as large:
        askings = _Asking(small, await _sample(small)), _Asking(large, await _sample(large))
        for _ in range(_WARMING):
            for each in askings:
                await each.all()
        for each in askings:
            each.seconds.clear()
        for _ in range(count):
            for each in askings:
                await each.all()
    thousand, million = (each.medians() for each in askings)
    ratios = {query: million[query] / thousand[query] for query in million}
    site.pair(RATIO, max(ratios.values()))
    for query, ratio in ratios.items():
        site.pair(f"{query}-1m/1k", ratio)
    await _whole_commands(site, url)
    return count * sum(million.values())


async def _sample(pool: Pool) -> list[UUID]:
    """Ids from everywhere, to be shown."""
    rows = await pool.fetch(
        "select id from dead_letter order by hashtext(id::text) limit $1", _SAMPLE
    )
    return [row[0] for row in rows]


class _Asking:
    """What the commands ask of one database, and how many seconds each took."""

    def __init__(self, pool: Pool, ids: list[UUID]) -> None:
        self._pool = pool
        self._ids = ids
        self._chance = random.Random(1)
        self.seconds: dict[str, list[float]] = defaultdict(list)

    async def all(self) -> None:
        """Each of the three once."""
        for query, ask in (("list", self._list), ("groups", self._groups), ("show", self._show)):
            begin = time.perf_counter()
            right = await ask()
            self.seconds[query].append(time.perf_counter() - begin)
            if not right:
                raise WrongResult(f"dead letters: {query} gave another answer than it should")

    def medians(self) -> Mapping[str, float]:
        """In seconds, by query."""
        return {query: median(seconds) for query, seconds in self.seconds.items()}

    async def _list(self) -> bool:
        places = await chosen(self._pool, Choice(code=self._chance.choice(CODES)), _PAGE + 1)
        return len(await listed(self._pool, [each[1] for each in places[:_PAGE]])) == _PAGE

    async def _groups(self) -> bool:
        return len(await groups(self._pool, ("open",), None, None, now())) == GROUPS

    async def _show(self) -> bool:
        return await details(self._pool, self._chance.choice(self._ids)) is not None


async def _whole_commands(site: Site, url: str) -> None:
    """From the start of a process to its end, over the million."""
    async with connected(url, size=1) as pool:
        one = (await _sample(pool))[0]
    asking = {
        "list": ("list",),
        "list --code": ("list", "--code", CODES[0]),
        "groups": ("groups",),
        "show": ("show", str(one)),
    }
    for name, arguments in asking.items():
        begin = time.perf_counter()
        await command(site.settings(url), "dead-letters", *arguments, cwd=site.folder)
        site.commands[f"dead-letters {name}"] = time.perf_counter() - begin
