"""What each code says is wrong, and what helps: the one source of the tables in the docs."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from worker.errors import Code


class Act(StrEnum):
    """What somebody does with a dead letter once its cause is dealt with: a command's words."""

    RETRY = "retry"
    EDIT = "edit"
    ACCEPT_LATE = "retry --accept-late"
    NEW_ID = "retry --new-id"
    ARCHIVE = "archive"


class Remedy(NamedTuple):
    """Short texts in CommonMark.

    `wrong` is what is wrong, `helps` what the sender can do, and `here` what is to be done about
    the dead letter, so that `act` puts it right.
    """

    wrong: str
    helps: str
    act: Act
    here: str


_MENDED = "the sender mends it and sends it anew"
_BROKER = "send it again under the same id, or leave it: it is retried here"

REMEDIES: dict[Code, Remedy] = {
    Code.ONLEESBAAR: Remedy(
        "not JSON or XML that can be read, or another content type",
        _MENDED,
        Act.EDIT,
        "write its content as the contract's JSON",
    ),
    Code.ONGELDIG: Remedy(
        "a field is missing, unknown or has a wrong value; the problem names it",
        _MENDED,
        Act.EDIT,
        "set or unset that field; is it an attribute of the CloudEvent, save the content as it is",
    ),
    Code.TE_GROOT: Remedy(
        "larger than 1 MiB",
        "send documents by `url`",
        Act.ARCHIVE,
        "ask the sender to send documents by `url`",
    ),
    Code.VERLOPEN: Remedy(
        "sent more than 7 days before it came",
        "send it anew with its own moment in `datumGezet`",
        Act.ACCEPT_LATE,
        "make sure that it was no replay: ask the sender why it was late",
    ),
    Code.ID_HERGEBRUIKT: Remedy(
        "other content was registered under this id",
        "send it with an id of its own",
        Act.NEW_ID,
        "if it is a contact of its own; else archive it",
    ),
    Code.APPLICATIE_ONBEKEND: Remedy(
        "no `user_id`, or the register does not know it",
        "set `user_id`",
        Act.RETRY,
        "`register import` the applicatie; without `user_id`, archive it",
    ),
    Code.KANAAL_NIET_TOEGESTAAN: Remedy(
        "a type, a routing key or a source that is not the applicatie's",
        "mend the sender, or have the applicatie's kanaal and types set",
        Act.RETRY,
        "`register import` the applicatie with this type, if it may send it; else archive it, as"
        " where the source is another's",
    ),
    Code.OPVOERDER_NIET_GEAUTHENTICEERD: Remedy(
        "no token, one that is not good at the message's time, or one that does not name this"
        " opvoerder; the problem says which",
        "send it anew with a fresh token of that very person; look at the client's secret or key,"
        " and at the sender's clock",
        Act.ARCHIVE,
        "where a secret or key was missing here, add it; then the sender sends it anew",
    ),
    Code.OPVOERDER_NIET_GEAUTORISEERD: Remedy(
        "no autorisatie of the opvoerder covers the zaak",
        "have the autorisatie given",
        Act.RETRY,
        "`register import` the autorisatie",
    ),
    Code.APPLICATIE_NIET_GEAUTORISEERD: Remedy(
        "no autorisatie of the applicatie covers the zaak",
        "have the autorisatie given",
        Act.RETRY,
        "`register import` the autorisatie",
    ),
    Code.ZAAK_ONBEKEND: Remedy(
        "the register did not get to know the zaak in the time that it waited",
        "mend the number; a zaak that is new needs nothing, it is waited for",
        Act.EDIT,
        "set the right number; if the zaak comes after all, it is registered by itself",
    ),
    Code.ZAAK_AFGESLOTEN: Remedy(
        "the zaak has an end date",
        "name a zaak that runs; only a correction with the stronger scope may go to a closed one",
        Act.EDIT,
        "set the zaak that it belongs to; if the zaak was opened again, retry",
    ),
    Code.ZAAKTYPE_STAAT_NIET_TOE: Remedy(
        "the process owner has not switched it on",
        "ask the process owner",
        Act.RETRY,
        "`register set zaaktype … --klantcontacten aan`",
    ),
    Code.INHOUD_ONTBREEKT: Remedy(
        "neither was given",
        "give one of the two",
        Act.EDIT,
        "set the toelichting, in the sender's words",
    ),
    Code.ZAAK_ONTBREEKT: Remedy(
        "no zaak named, and contacts without one are off",
        "name it",
        Act.EDIT,
        "set the zaak",
    ),
    Code.DATUM_IN_DE_TOEKOMST: Remedy(
        "`datumGezet` has yet to come",
        "look at the sender's clock",
        Act.EDIT,
        "set the moment that it was; one that came meanwhile needs a retry only",
    ),
    Code.DOCUMENT_ONGELDIG: Remedy(
        "a document is incomplete, or not what its sha256 says",
        _MENDED,
        Act.EDIT,
        "set what the problem names; a document that was damaged only the sender has",
    ),
    Code.MAIL_MISLUKT: Remedy(
        "a mail was refused for good, came back, or was followed by silence",
        "nothing: it is no message of theirs",
        Act.RETRY,
        "see `notificaties show`, and see to the address in the zaaksysteem, or to the mail server",
    ),
    Code.ONVERWACHT: Remedy(
        "the program failed on it",
        "nothing: it is retried here",
        Act.RETRY,
        "look in the log at its time and report it; a version that can take it",
    ),
    Code.BROKER_REJECTED: Remedy(
        "a consumer that is none of ours rejected it", _BROKER, Act.RETRY, "find that consumer"
    ),
    Code.BROKER_EXPIRED: Remedy(
        "it had an expiry, its own or a policy's, and waited longer",
        "set no `expiration`",
        Act.RETRY,
        "see that a worker runs, and that no policy sets one",
    ),
    Code.BROKER_MAXLEN: Remedy(
        "the queue was full and dropped it",
        _BROKER,
        Act.RETRY,
        "see that the queue's policy refuses (`reject-publish`) instead",
    ),
    Code.BROKER_DELIVERY_LIMIT: Remedy(
        "it was taken and given back more often than the queue allows",
        _BROKER,
        Act.RETRY,
        "look in the log for what ended the worker each time",
    ),
    Code.BROKER_UNKNOWN: Remedy(
        "the broker gave no reason that is known",
        _BROKER,
        Act.RETRY,
        "`show` has what the broker said, in x-death",
    ),
    Code.BROKER_UNDELIVERABLE: Remedy(
        "the broker failed on it at each delivery, and it was taken off its queue",
        "use AMQP 0-9-1, or another version of your client; it is retried here",
        Act.RETRY,
        "see which protocol and client sent it; a bounce can only be archived",
    ),
}

FOREIGN_SOURCE = Remedy(
    "its source is the name of another applicatie",
    "send it with a source of its own, or with none as plain JSON",
    Act.ARCHIVE,
    "nothing to set here: only its sender can mend the source, and sends it anew",
)


def remedy_of(code: str, field: str) -> Remedy | None:
    """What helps for a code, where its first error is at `field`; None for a code of later."""
    if (code, field) == (Code.KANAAL_NIET_TOEGESTAAN, "source"):
        return FOREIGN_SOURCE
    return REMEDIES.get(Code(code)) if code in set(Code) else None


def table() -> str:
    """For senders: a table in CommonMark, a row for each code in the published order."""
    rows = [f"| `{code}` | {REMEDIES[code].wrong} | {REMEDIES[code].helps} |\n" for code in Code]
    return "".join(["| code | what is wrong | what helps |\n|---|---|---|\n", *rows])


def table_of_acts() -> str:
    """For operations: the same, with what is to be done here, and the command after it."""
    rows = [
        f"| `{code}` | {remedy.wrong} | {remedy.here} | `{remedy.act}` |\n"
        for code, remedy in ((code, REMEDIES[code]) for code in Code)
    ]
    return "".join(["| code | what is wrong | first | then |\n|---|---|---|---|\n", *rows])
