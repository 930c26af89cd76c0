"""What the rules are asked about: one registration with the facts around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from worker.domain.facts import GEFORCEERD_BIJWERKEN, TOEVOEGEN
from worker.domain.klantcontact import OpvoerderSoort

if TYPE_CHECKING:
    from datetime import datetime

    from worker.domain.facts import Applicatie, Facts, Subject, Zaak
    from worker.domain.identity import Identity
    from worker.domain.klantcontact import Klantcontact


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that rules look at."""

    contacts_without_zaak: bool = False
    clock_skew: timedelta = timedelta(seconds=60)
    oldest_message: timedelta = timedelta(days=7)
    token_lifetime: timedelta = timedelta(hours=1)
    """How long a token without `exp` is good from its `iat`."""


@dataclass(frozen=True, slots=True)
class Question:
    """One registration with the facts around it: what every rule is asked about."""

    klantcontact: Klantcontact
    applicatie: str
    kanaal: str
    time: datetime
    now: datetime
    identity: Identity
    facts: Facts
    policy: Policy
    came: datetime | None = None
    """When it first came, if that was before."""
    late: bool = False
    """A person allowed it to be older than the policy takes."""

    @property
    def zaak(self) -> Zaak | None:
        """The zaak as the register has it, if it does."""
        return self.facts.zaken.get(self.klantcontact.zaak or "")

    @property
    def registered_applicatie(self) -> Applicatie | None:
        """The applicatie as the register has it, if it does."""
        return self.facts.applicaties.get(self.applicatie)

    def forced(self) -> bool:
        """Whether this is a correction that both parties may make on a closed zaak (zrc-007)."""
        return (
            self.klantcontact.correctie
            and self._applicatie_has(GEFORCEERD_BIJWERKEN)
            and self._opvoerder_has(GEFORCEERD_BIJWERKEN)
        )

    def applicatie_may(self) -> bool:
        """Whether the applicatie may add to this zaak; the stronger scope holds the weaker."""
        return self._applicatie_has(TOEVOEGEN) or self._applicatie_has(GEFORCEERD_BIJWERKEN)

    def opvoerder_may(self) -> bool:
        """Whether the opvoerder may: by name, by a rol, or as a betrokkene of the zaak."""
        opvoerder, zaak = self.klantcontact.opvoerder, self.zaak
        if opvoerder.soort is OpvoerderSoort.BETROKKENE:
            people = zaak.betrokkenen if zaak else ()
            return any(each.identificatie == opvoerder.identificatie for each in people)
        return self._opvoerder_has(TOEVOEGEN) or self._opvoerder_has(GEFORCEERD_BIJWERKEN)

    def _applicatie_has(self, scope: str) -> bool:
        return self.facts.allowed(("applicatie", self.applicatie), scope, self.zaak)

    def _opvoerder_has(self, scope: str) -> bool:
        return any(
            self.facts.allowed(subject, scope, self.zaak)
            for subject in opvoerder_subjects(self.klantcontact, self.identity)
        )


def opvoerder_subjects(klantcontact: Klantcontact, identity: Identity) -> list[Subject]:
    """As whom the opvoerder can have an autorisatie: by name, and by each rol of the token.

    A betrokkene has none: being involved in the zaak is what authorises them.
    """
    opvoerder = klantcontact.opvoerder
    if opvoerder.soort is OpvoerderSoort.BETROKKENE:
        return []
    by_role = [("rol", role) for role in identity.roles]
    return [(opvoerder.soort.value, opvoerder.identificatie), *by_role]
