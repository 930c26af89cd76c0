"""The rules of the source, S2 to S8 and S13: a flat tuple of functions of one signature.

Each looks at one registration and returns why it cannot be, or None. All of them are asked,
so that a sender hears every reason at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.domain.trust import (
    applicatie_is_authorised,
    client_is_the_applicaties,
    opvoerder_is_authenticated,
    opvoerder_is_authorised,
    token_is_of_its_time,
)
from worker.errors import Code, Violation

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.domain.question import Question


def message_is_recent(asked: Question) -> Violation | None:
    """A message is judged at the time it claims: neither too old nor in the future.

    Too old it is when it first comes: what then lies among the dead letters does not age.
    """
    came = asked.came or asked.now
    if asked.time < came - asked.policy.oldest_message and not asked.late:
        detail = f"older than {asked.policy.oldest_message.days} days"
        return Violation(Code.VERLOPEN, detail, "time")
    if asked.time > asked.now + asked.policy.clock_skew:
        return Violation(Code.ONGELDIG, "the message's time lies in the future", "time")
    return None


def applicatie_is_known(asked: Question) -> Violation | None:
    """The broker proved the user; the register must know it as an applicatie (S6)."""
    if asked.registered_applicatie is None:
        return Violation(Code.APPLICATIE_ONBEKEND, "not in the register", "user_id")
    return None


def kanaal_fits(asked: Question) -> Violation | None:
    """An applicatie sends over its own kanaal, and only its own types (S4)."""
    applicatie = asked.registered_applicatie
    if applicatie is None:
        return None
    if asked.kanaal != applicatie.kanaal:
        detail = "the applicatie belongs to another kanaal than this routing key"
        return Violation(Code.KANAAL_NIET_TOEGESTAAN, detail, None)
    if asked.klantcontact.type not in applicatie.types:
        detail = "the applicatie may not send this type"
        return Violation(Code.KANAAL_NIET_TOEGESTAAN, detail, "type")
    return None


def zaak_is_given(asked: Question) -> Violation | None:
    """A contact without a zaak is possible only where the setting allows it (S13)."""
    if asked.klantcontact.zaak is None and not asked.policy.contacts_without_zaak:
        return Violation(Code.ZAAK_ONTBREEKT, "name the zaak that it is about", "zaak")
    return None


def zaak_is_known(asked: Question) -> Violation | None:
    """The zaak must be in the register."""
    if asked.klantcontact.zaak is not None and asked.zaak is None:
        return Violation(Code.ZAAK_ONBEKEND, "not in the register (yet)", "zaak")
    return None


def zaak_is_running(asked: Question) -> Violation | None:
    """Only a running zaak takes klantcontacten (S3), but for an authorised correction."""
    zaak = asked.zaak
    if zaak is None or zaak.einddatum is None or asked.forced():
        return None
    return Violation(Code.ZAAK_AFGESLOTEN, "the zaak has an end date", "zaak")


def zaaktype_allows(asked: Question) -> Violation | None:
    """The process owner decides whether klantcontacten may be added (S8); off until on."""
    if asked.zaak is not None and not asked.zaak.klantcontacten_toegestaan:
        detail = "the process owner has not switched klantcontacten on for this zaaktype"
        return Violation(Code.ZAAKTYPE_STAAT_NIET_TOE, detail, "zaak")
    return None


def content_is_given(asked: Question) -> Violation | None:
    """At least a toelichting or a document (S5)."""
    klantcontact = asked.klantcontact
    if klantcontact.documenten or (klantcontact.toelichting or "").strip():
        return None
    return Violation(Code.INHOUD_ONTBREEKT, "give a toelichting, a document or both", "toelichting")


def contact_has_been(asked: Question) -> Violation | None:
    """A contact is registered after it was, not before."""
    if asked.klantcontact.datum_gezet > asked.now + asked.policy.clock_skew:
        return Violation(Code.DATUM_IN_DE_TOEKOMST, "datumGezet lies in the future", "datumGezet")
    return None


def correction_says_what(asked: Question) -> Violation | None:
    """A correction names what it corrects and says why."""
    klantcontact = asked.klantcontact
    if not klantcontact.correctie:
        return None
    if klantcontact.vervolg_op is None:
        return Violation(Code.ONGELDIG, "a correction needs vervolgOp", "vervolgOp")
    if not (klantcontact.toelichting or "").strip():
        return Violation(Code.ONGELDIG, "a correction needs a toelichting", "toelichting")
    return None


def earlier_contact_exists(asked: Question) -> Violation | None:
    """What it follows on must be a klantcontact of the same zaak, or of none.

    So a contact that came before its zaak is linked to it (S13); corrected it is where it stands.
    """
    earlier, zaak = asked.klantcontact.vervolg_op, asked.klantcontact.zaak
    if earlier is None:
        return None
    fitting = {zaak} if asked.klantcontact.correctie else {zaak, None}
    if asked.facts.eerdere.get(earlier, "") in fitting:
        return None
    detail = "there is no such klantcontact on this zaak"
    return Violation(Code.ONGELDIG, detail, "vervolgOp")


RULES: tuple[Callable[[Question], Violation | None], ...] = (
    message_is_recent,
    applicatie_is_known,
    kanaal_fits,
    token_is_of_its_time,
    client_is_the_applicaties,
    opvoerder_is_authenticated,
    zaak_is_given,
    zaak_is_known,
    zaak_is_running,
    zaaktype_allows,
    opvoerder_is_authorised,
    applicatie_is_authorised,
    content_is_given,
    contact_has_been,
    correction_says_what,
    earlier_contact_exists,
)


def violations(asked: Question) -> tuple[Violation, ...]:
    """Every reason why the registration cannot be; empty if it can."""
    return tuple(found for rule in RULES if (found := rule(asked)) is not None)
