"""The zaken of a run beside the register's: several betrokkenen, and facts that change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.bench.material import ZAAKTYPEN
from tests.faults.ledger import Snapshot

if TYPE_CHECKING:
    import random

# Facts of the run are older than its messages, so that none is ever from the future.
_SINCE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fact:
    """One snapshot of a zaak, as the zaaksysteem sends it."""

    id: str
    zaak: str
    body: bytes
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Zaak:
    """A zaak, whose betrokkenen stay the same."""

    number: str
    zaaktype: str
    betrokkenen: tuple[dict[str, Any], ...]
    began: datetime

    @property
    def recipients(self) -> dict[str, bool]:
        """Who is to be notified of a contact, and whether by a mail."""
        return {
            each["identificatie"]: bool(each.get("email")) and each.get("notificaties", True)
            for each in self.betrokkenen
        }

    def fact(self, version: int, *, closed: bool) -> Fact:
        """The snapshot of a version; of a higher version it is newer."""
        moment = self.began + timedelta(seconds=version)
        status = f"Stap {version}"
        data = {
            "soort": "zaak",
            "identificatie": self.number,
            "zaaktype": self.zaaktype,
            "omschrijving": "Aanvraag van een vergunning",
            "startdatum": "2026-01-05",
            "einddatum": moment.date().isoformat() if closed else None,
            "vertrouwelijkheidaanduiding": "zaakvertrouwelijk",
            "status": {"omschrijving": status, "datumGezet": moment.isoformat()},
            "betrokkenen": list(self.betrokkenen),
            "time": moment.isoformat(),
        }
        body = json.dumps(data).encode()
        name = f"{self.number}-{version}"
        return Fact(name, self.number, body, Snapshot(moment, status, closed))


def zaak(chance: random.Random, number: int) -> Zaak:
    """One with one to three betrokkenen, not all of whom get mails."""
    name = f"ZAAK-2026-{number:07}"
    people = [_betrokkene(name, 0), *chance.sample(_others(name), chance.randrange(3))]
    return Zaak(name, chance.choice(ZAAKTYPEN), tuple(people), datetime.now(UTC) - _SINCE)


def _betrokkene(zaak: str, place: int, **more: object) -> dict[str, Any]:
    return {
        "identificatie": f"{zaak}-{place}",
        "rol": "initiator" if place == 0 else "belanghebbende",
        "naam": f"Voorbeeld Betrokkene {place}",
        "email": f"{zaak.lower()}-{place}@example.nl",
        **more,
    }


def _others(zaak: str) -> list[dict[str, Any]]:
    return [
        _betrokkene(zaak, 1),
        _betrokkene(zaak, 2, email=None),
        _betrokkene(zaak, 3, notificaties=False),
    ]
