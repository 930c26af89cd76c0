"""The facts of the rules, from facts as the contract has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from worker.domain import register as contract
from worker.domain.facts import (
    Applicatie,
    Autorisatie,
    Betrokkene,
    Facts,
    Status,
    Subject,
    Vertrouwelijkheid,
    Zaak,
)
from worker.register import parse_fact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID


def known(*facts: dict[str, Any], eerdere: Mapping[UUID, str | None] | None = None) -> Facts:
    """What the rules are told when the register holds `facts`."""
    parsed = [parse_fact(orjson.dumps(each)) for each in facts]
    kinds = {each.identificatie: each for each in parsed if isinstance(each, contract.Zaaktype)}
    authorised: dict[Subject, tuple[Autorisatie, ...]] = {}
    for each in parsed:
        if isinstance(each, contract.Autorisatie):
            subject = each.onderwerp, each.identificatie
            authorised[subject] = (*authorised.get(subject, ()), _autorisatie(each))
    return Facts(
        zaken={
            each.identificatie: _zaak(each, kinds.get(each.zaaktype))
            for each in parsed
            if isinstance(each, contract.Zaak)
        },
        applicaties={
            each.identificatie: Applicatie(
                each.identificatie,
                each.kanaal,
                frozenset(each.types),
                frozenset(each.client_ids),
            )
            for each in parsed
            if isinstance(each, contract.Applicatie)
        },
        autorisaties=authorised,
        eerdere=eerdere or {},
    )


def _zaak(fact: contract.Zaak, kind: contract.Zaaktype | None) -> Zaak:
    return Zaak(
        identificatie=fact.identificatie,
        zaaktype=fact.zaaktype,
        einddatum=fact.einddatum,
        vertrouwelijkheid=Vertrouwelijkheid[fact.vertrouwelijkheidaanduiding],
        status=Status(fact.status.omschrijving, fact.status.datum_gezet) if fact.status else None,
        klantcontacten_toegestaan=kind is not None and kind.klantcontacten_toegestaan,
        notificaties=kind is not None and kind.notificaties,
        behandelaar=kind is not None and kind.notificaties_behandelaar,
        betrokkenen=tuple(
            Betrokkene(b.identificatie, b.rol, b.naam, b.email, b.taal, b.notificaties)
            for b in fact.betrokkenen
        ),
    )


def _autorisatie(fact: contract.Autorisatie) -> Autorisatie:
    maximum = Vertrouwelijkheid[fact.max_vertrouwelijkheidaanduiding]
    return Autorisatie(fact.zaaktype, frozenset(fact.scopes), maximum)
