"""What each code says is wrong, and what helps: the one source of docs/dead-letters.md's table."""

from __future__ import annotations

from typing import NamedTuple

from worker.errors import Code


class Remedy(NamedTuple):
    """Two short texts in CommonMark."""

    wrong: str
    helps: str


REMEDIES: dict[Code, Remedy] = {
    Code.ONLEESBAAR: Remedy(
        "not JSON or XML that can be read, or another content type",
        "the sender mends it and sends it anew",
    ),
    Code.ONGELDIG: Remedy(
        "a field is missing, unknown or has a wrong value; the problem names it",
        "the sender mends it and sends it anew",
    ),
    Code.TE_GROOT: Remedy("larger than 1 MiB", "send documents by `url`"),
    Code.VERLOPEN: Remedy(
        "sent more than 7 days ago", "send it anew with its own moment in `datumGezet`"
    ),
    Code.ID_HERGEBRUIKT: Remedy(
        "other content was registered under this id", "send it with an id of its own"
    ),
    Code.APPLICATIE_ONBEKEND: Remedy(
        "no `user_id`, or the register does not know it",
        "set `user_id`; `register import` the applicatie",
    ),
    Code.KANAAL_NIET_TOEGESTAAN: Remedy(
        "a type, a routing key or a source that is not the applicatie's",
        "`register import` the applicatie, or mend the sender",
    ),
    Code.OPVOERDER_NIET_GEAUTHENTICEERD: Remedy(
        "no token, one that is not good at the message's time, or one that does not name this"
        " opvoerder; the problem says which",
        "send it anew with a fresh token of that very person; look at the client's secret or key,"
        " and at the sender's clock",
    ),
    Code.OPVOERDER_NIET_GEAUTORISEERD: Remedy(
        "no autorisatie of the opvoerder covers the zaak", "`register import` the autorisatie"
    ),
    Code.APPLICATIE_NIET_GEAUTORISEERD: Remedy(
        "no autorisatie of the applicatie covers the zaak", "`register import` the autorisatie"
    ),
    Code.ZAAK_ONBEKEND: Remedy(
        "the register does not have the zaak", "wait for the zaaksysteem, or mend the number"
    ),
    Code.ZAAK_AFGESLOTEN: Remedy(
        "the zaak has an end date", "only a correction with the stronger scope may"
    ),
    Code.ZAAKTYPE_STAAT_NIET_TOE: Remedy(
        "the process owner has not switched it on",
        "`register set zaaktype … --klantcontacten aan`",
    ),
    Code.INHOUD_ONTBREEKT: Remedy("neither was given", "the sender gives one of the two"),
    Code.ZAAK_ONTBREEKT: Remedy("no zaak named, and contacts without one are off", "name it"),
    Code.DATUM_IN_DE_TOEKOMST: Remedy("`datumGezet` has yet to come", "look at the sender's clock"),
    Code.DOCUMENT_ONGELDIG: Remedy(
        "a document is incomplete, or not what its sha256 says", "the sender mends it"
    ),
    Code.ONVERWACHT: Remedy("the program failed on it", "look in the log at its time; report it"),
}


def table() -> str:
    """A table in CommonMark, a row for each code in the published order."""
    rows = [f"| `{code}` | {REMEDIES[code].wrong} | {REMEDIES[code].helps} |\n" for code in Code]
    return "".join(["| code | what is wrong | what helps |\n|---|---|---|\n", *rows])
