"""What the faults of a run may have caused, beside what processes say themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.faults.catalogue import CATALOGUE, boundaries
from tests.faults.found import Disturbed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.mixing import Strike
    from tests.faults.workers import Roles

_MAIL: Final = frozenset({"mail server", "way to smtp"})
_RELAY: Final = frozenset({"rabbitmq", "postgres", "rows", "way to amqp", "way to postgres"})
# Less than the lease of a relay in these runs, by what making and leaving a fault may take.
_LEASE_SECONDS: Final = 4.0
_BOUNDARIES: Final = frozenset(each.name for each in boundaries.FAULTS)


def disturbed(strikes: Sequence[Strike], crew: Sequence[Roles]) -> Disturbed:
    """A SIGTERM may cause nothing."""
    made = [CATALOGUE[name] for strike in strikes for name in strike.made]
    relays = sum(not each.roles or "relay" in each.roles for each in crew)
    return Disturbed(
        mail_ways=sum(bool(each.touches & _MAIL) for each in made),
        pauses=sum(each.name == "worker-paused" for each in made),
        relays_slowed=relays * sum(map(_outlasts, strikes)),
        boundary_kills=sum(each.name in _BOUNDARIES for each in made),
        moments=[
            (strike.began, strike.left)
            for strike in strikes
            if set(strike.made) - {"worker-terminated"} or strike.unavailable
        ],
    )


def _outlasts(strike: Strike) -> bool:
    """Whether it kept relays from the broker or the database for as long as their leases."""
    slow = any(CATALOGUE[name].touches & _RELAY for name in strike.made)
    return slow and strike.left - strike.began > _LEASE_SECONDS
