"""What can go wrong, one type for each reaction.

    KlantcontactError
    ├── Refusal        this message, for good: a dead letter with a code
    ├── Outage         not this message's fault: pause, and try again when it is over
    │   ├── StaleSession   the database session's fault: first try again on a new one, at once
    │   └── DeliveryAborted  the broker failed as it delivered: find the queue, go on with others
    ├── CannotTake     a message cannot be taken off its queue by AMQP 1.0: try again later
    ├── BatchRejected  the database cannot take this batch's data: halve it, find the culprit
    └── UsageError     what the person at the command line asked for cannot be done
        └── WrongUsage what they wrote means nothing, whatever there is

Anything else is a defect of the program: the message that shows it becomes a dead letter
`onverwacht`, the others of its batch are not touched by it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Given = ParamSpec("Given")
Done = TypeVar("Done")

# On a second new session only if the schema was changed once more meanwhile.
_SESSIONS: Final = 3


class Code(StrEnum):
    """The published codes, in order: the first that applies is the dead letter's code."""

    ONLEESBAAR = "bericht-onleesbaar"
    ONGELDIG = "bericht-ongeldig"
    TE_GROOT = "bericht-te-groot"
    VERLOPEN = "bericht-verlopen"
    ID_HERGEBRUIKT = "bericht-id-hergebruikt"
    APPLICATIE_ONBEKEND = "applicatie-onbekend"
    KANAAL_NIET_TOEGESTAAN = "kanaal-niet-toegestaan"
    OPVOERDER_NIET_GEAUTHENTICEERD = "opvoerder-niet-geauthenticeerd"
    OPVOERDER_NIET_GEAUTORISEERD = "opvoerder-niet-geautoriseerd"
    APPLICATIE_NIET_GEAUTORISEERD = "applicatie-niet-geautoriseerd"
    ZAAK_ONBEKEND = "zaak-onbekend"
    ZAAK_AFGESLOTEN = "zaak-afgesloten"
    ZAAKTYPE_STAAT_NIET_TOE = "zaaktype-staat-klantcontacten-niet-toe"
    INHOUD_ONTBREEKT = "toelichting-of-document-ontbreekt"
    ZAAK_ONTBREEKT = "zaak-ontbreekt"
    DATUM_IN_DE_TOEKOMST = "datum-in-de-toekomst"
    DOCUMENT_ONGELDIG = "document-ongeldig"
    MAIL_MISLUKT = "mail-mislukt"
    ONVERWACHT = "onverwacht"
    BROKER_REJECTED = "broker-rejected"
    BROKER_EXPIRED = "broker-expired"
    BROKER_MAXLEN = "broker-maxlen"
    BROKER_DELIVERY_LIMIT = "broker-delivery_limit"
    BROKER_UNKNOWN = "broker-unknown"
    BROKER_UNDELIVERABLE = "broker-onleverbaar"


_ORDER = {code: place for place, code in enumerate(Code)}

# Title and HTTP-like status of each code, as RFC 9457 section 3.1 asks: the same for every
# occurrence. The remedy for each stands in docs/dead-letters.md.
_PROBLEMS: dict[Code, tuple[int, str]] = {
    Code.ONLEESBAAR: (400, "The message cannot be read"),
    Code.ONGELDIG: (422, "The message does not keep to the contract"),
    Code.TE_GROOT: (413, "The message is too large"),
    Code.VERLOPEN: (422, "The message is too old"),
    Code.ID_HERGEBRUIKT: (409, "The message id was used before for other content"),
    Code.APPLICATIE_ONBEKEND: (401, "The applicatie is not known"),
    Code.KANAAL_NIET_TOEGESTAAN: (403, "The applicatie may not send this type of klantcontact"),
    Code.OPVOERDER_NIET_GEAUTHENTICEERD: (401, "It is not proven who the opvoerder is"),
    Code.OPVOERDER_NIET_GEAUTORISEERD: (403, "The opvoerder may not add to this zaak"),
    Code.APPLICATIE_NIET_GEAUTORISEERD: (403, "The applicatie may not add to this zaak"),
    Code.ZAAK_ONBEKEND: (404, "The zaak is not known"),
    Code.ZAAK_AFGESLOTEN: (409, "The zaak is closed"),
    Code.ZAAKTYPE_STAAT_NIET_TOE: (403, "The zaaktype does not allow klantcontacten"),
    Code.INHOUD_ONTBREEKT: (422, "A toelichting or a document is needed"),
    Code.ZAAK_ONTBREEKT: (422, "A zaak is needed"),
    Code.DATUM_IN_DE_TOEKOMST: (422, "The moment of the klantcontact lies in the future"),
    Code.DOCUMENT_ONGELDIG: (422, "A document is not valid"),
    Code.MAIL_MISLUKT: (502, "The mail could not be delivered"),
    Code.ONVERWACHT: (500, "The program failed on this message"),
    Code.BROKER_REJECTED: (502, "A consumer rejected the message at the broker"),
    Code.BROKER_EXPIRED: (504, "The message expired on its queue"),
    Code.BROKER_MAXLEN: (507, "The queue was full"),
    Code.BROKER_DELIVERY_LIMIT: (502, "The broker delivered the message too often"),
    Code.BROKER_UNKNOWN: (502, "The broker dead-lettered the message"),
    Code.BROKER_UNDELIVERABLE: (502, "The broker could not deliver the message"),
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One reason for a refusal.

    `field` is the path in the message (`documenten.0.sha256`), a property of the delivery
    (`content_type`), or None. `detail` is for a person and never repeats a value of the
    message: it ends up in replies, events and logs, and values are personal data.
    """

    code: Code
    detail: str
    field: str | None = None
    made_up: bool = False
    """The field is not in the contract: its name is the sender's own text, and not for the log."""
    passing: bool = False
    """What is lacking is ours, and may come by itself: a key of the identity provider."""


def group_field(violations: tuple[Violation, ...]) -> str:
    """The field by which dead letters are grouped: the first error's, items without numbers.

    '-' stands for no field, '?' for one that the sender made up: its name is their own text.
    """
    first = min(violations, key=lambda violation: _ORDER[violation.code])
    if first.made_up:
        return "?"
    return ".".join("*" if part.isdigit() else part for part in (first.field or "-").split("."))


def problem(violations: tuple[Violation, ...], instance: str) -> dict[str, Any]:
    """The RFC 9457 problem of a refusal; `instance` names the dead letter."""
    first = min(violations, key=lambda violation: _ORDER[violation.code])
    status, title = _PROBLEMS[first.code]
    return {
        "type": f"urn:klantcontact:probleem:{first.code}",
        "title": title,
        "status": status,
        "detail": first.detail,
        "instance": instance,
        "errors": [
            {"code": each.code, "field": each.field, "detail": each.detail} for each in violations
        ],
    }


class KlantcontactError(Exception):
    """Root of what the program raises itself."""


class Refusal(KlantcontactError):
    """A message is refused, for good, for all the reasons given."""

    def __init__(self, *violations: Violation) -> None:
        super().__init__(", ".join(violation.code for violation in violations))
        self.violations = tuple(sorted(violations, key=lambda violation: _ORDER[violation.code]))

    @property
    def code(self) -> Code:
        """The first of the codes in the published order."""
        return self.violations[0].code


class Outage(KlantcontactError):
    """Something outside is down or unreachable; the text says what, and what to do."""


class StaleSession(Outage):
    """What a database session remembers no longer fits the server; nothing was committed."""


class Conflict(Outage):
    """Another transaction was in the way, as in a deadlock; nothing was committed."""


class DeliveryAborted(Outage):
    """The broker ended a connection that consumes with 541, an error of its own.

    One delivery can be the cause, at each try; `said` is the broker's code and text.
    """

    def __init__(self, said: str) -> None:
        super().__init__(
            f"RabbitMQ ended the connection as it delivered ({said}); each queue is consumed on a"
            " connection of its own until the cause is found"
        )
        self.said = said


class CannotTake(KlantcontactError):
    """A message cannot be taken off its queue by AMQP 1.0; the text says why, and what to do."""


class BatchRejected(KlantcontactError):
    """The database refused the data of a batch; the text holds the SQLSTATE and no data."""


class Defect(KlantcontactError):
    """A fault of the program ended it; the text names the place and holds no data."""


class UsageError(KlantcontactError):
    """The command cannot do what was asked; the text says why and what to do next."""


class WrongUsage(UsageError):
    """What was asked means nothing, whatever there is: exit status 2; the text says what does."""


def on_new_sessions(
    work: Callable[Given, Coroutine[Any, Any, Done]],
) -> Callable[Given, Coroutine[Any, Any, Done]]:
    """Do `work` again, at once, if its session or a conflict is at fault.

    It commits all of it or nothing. What fails a third time is an outage, as both errors are.
    """

    @wraps(work)
    async def tried(*args: Given.args, **kwargs: Given.kwargs) -> Done:
        for _ in range(_SESSIONS - 1):
            with suppress(StaleSession, Conflict):
                return await work(*args, **kwargs)
        return await work(*args, **kwargs)

    return tried
