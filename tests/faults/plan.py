"""What is sent in a run, the same for the same seed: fit and unfit, twice, late, in any order."""

from __future__ import annotations

import heapq
import json
import random
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from tests.bench import tokens
from tests.bench.material import MEDEWERKERS, Message, klantcontact, message_id
from tests.faults.ledger import FIT, Fate, content_of
from tests.faults.unfit import CLOCKS, SORTS
from tests.faults.zaken import Fact, Zaak, zaak
from worker.rabbitmq.topology import KANALEN

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPEATED: Final = 0.10
_UNFIT: Final = 0.01
"""Of each sort."""
_ANSWERED: Final = 0.15
_CLOCK: Final = 0.03
_TWIN: Final = 0.005
_LATE: Final = 0.015
_CLOSING: Final = 0.008
_OWN: Final = 0.10
"""Contacts of zaken with several betrokkenen."""
_CLOSES: Final = Fate(contact=True, codes=frozenset({"zaak-afgesloten"}))
_TWINS: Final = Fate(contact=True, codes=frozenset({"bericht-id-hergebruikt"}), both=True)


@dataclass(frozen=True, slots=True)
class Planned:
    """One message: `ahead` is how far its time is from the moment at which it is sent."""

    message: Message
    zaak: str
    content: bytes
    fate: Fate
    ahead: timedelta = timedelta()
    answered: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Whose it is, and its id."""
        return self.message.kanaal, self.message.id


class Plan:
    """An endless stream; what comes later waits for its place in it."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._later: list[tuple[int, int, Planned | Fact]] = []
        self._ties = count()
        self._zaken = count(1)
        self._numbers = count()
        self._own: list[Zaak] = []
        self.recipients: dict[str, dict[str, bool]] = {}
        """Of each zaak of the run's own."""

    def stream(self) -> Iterator[Planned | Fact]:
        """What to send, in this order."""
        for place in count():
            while self._later and self._later[0][0] <= place:
                yield heapq.heappop(self._later)[2]
            yield from self._next(place)

    def rest(self) -> Iterator[Planned | Fact]:
        """What still has a place to come to, when the stream was left."""
        while self._later:
            yield heapq.heappop(self._later)[2]

    def fit(self, zaak: str | None = None, fate: Fate = FIT) -> Planned:
        """A message that is fit, of a zaak of the register or of this one."""
        kanaal = KANALEN[next(self._numbers) % len(KANALEN)]
        contact = klantcontact(self._chance, kanaal, 20)
        if zaak is not None:
            contact["zaak"] = zaak
        medewerker = f"mdw-{self._chance.randrange(MEDEWERKERS):04}"
        contact["opvoerder"]["identificatie"] = medewerker
        token = tokens.of_the_day(kanaal, medewerker)
        identity = message_id(self._chance)
        answered = self._chance.random() < _ANSWERED
        return _planned(contact, Message(kanaal, identity, b"", token=token), fate, answered)

    def _next(self, place: int) -> Iterator[Planned | Fact]:
        draw = self._chance.random()
        for share, some in self._sorts():
            if draw < share:
                yield from some(place)
                return
            draw -= share
        yield self._clocked(self._perhaps_again(place, self.fit()))

    def _sorts(self) -> Iterator[tuple[float, Any]]:
        yield _OWN, self._of_own
        yield _LATE, self._late
        yield _CLOSING, self._closing
        yield _TWIN, self._twins
        yield _UNFIT * len(SORTS), self._unfit

    def _of_own(self, place: int) -> Iterator[Planned | Fact]:
        if len(self._own) < 20 or self._chance.random() < 0.05:
            fresh = self._fresh()
            self._own.append(fresh)
            yield fresh.fact(0, closed=False)
        chosen = self._chance.choice(self._own)
        yield self._perhaps_again(place, self.fit(chosen.number))

    def _late(self, place: int) -> Iterator[Planned]:
        """Contacts first, and their zaak some time later."""
        fresh = self._fresh()
        known = place + self._chance.randrange(5, 150)
        self._put(known, fresh.fact(0, closed=False))
        for _ in range(self._chance.randrange(4)):
            self._put(self._chance.randrange(place, known + 5), self.fit(fresh.number))
        yield self._perhaps_again(place, self.fit(fresh.number))

    def _closing(self, place: int) -> Iterator[Fact]:
        """A zaak that closes in the middle of its contacts; its facts come in any order."""
        fresh = self._fresh()
        closes = place + self._chance.randrange(10, 80)
        self._put(closes, fresh.fact(2, closed=True))
        self._put(closes + self._chance.randrange(-8, 9), fresh.fact(1, closed=False))
        for _ in range(self._chance.randrange(6, 14)):
            when = closes + self._chance.randrange(-8, 9)
            self._put(max(place, when), self.fit(fresh.number, _CLOSES))
        yield fresh.fact(0, closed=False)

    def _twins(self, place: int) -> Iterator[Planned]:
        """Two contents under one id: whichever comes first is the contact."""
        one = self.fit(fate=_TWINS)
        contact = json.loads(one.message.body)
        contact["onderwerp"] = "Iets anders"
        other = _planned(contact, one.message, _TWINS, one.answered)
        self._put(place + self._chance.randrange(60), other)
        yield one

    def _unfit(self, place: int) -> Iterator[Planned]:
        sort = SORTS[next(self._numbers) % len(SORTS)]
        fit = self.fit()
        made = sort.make(fit.message)
        yield self._perhaps_again(
            place, replace(fit, message=made, fate=sort.fate, ahead=sort.ahead)
        )

    def _clocked(self, planned: Planned) -> Planned:
        """Some senders' clocks are wrong by as much as is allowed."""
        if self._chance.random() >= _CLOCK:
            return planned
        return replace(planned, ahead=self._chance.choice(CLOCKS))

    def _perhaps_again(self, place: int, planned: Planned) -> Planned:
        if self._chance.random() < _REPEATED:
            near = self._chance.random() < 0.5
            self._put(place + (1 if near else self._chance.randrange(300)), planned)
        return planned

    def _put(self, place: int, what: Planned | Fact) -> None:
        heapq.heappush(self._later, (place, next(self._ties), what))

    def _fresh(self) -> Zaak:
        made = zaak(self._chance, next(self._zaken))
        self.recipients[made.number] = made.recipients
        return made


def _planned(contact: dict[str, Any], message: Message, fate: Fate, answered: bool) -> Planned:  # noqa: FBT001 (as drawn)
    body = json.dumps(contact, ensure_ascii=False).encode()
    content = content_of(
        contact["zaak"], contact["type"], contact["toelichting"], contact["onderwerp"]
    )
    return Planned(replace(message, body=body), contact["zaak"], content, fate, answered=answered)
