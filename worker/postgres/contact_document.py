"""A klantcontact as people and `--json` get it, with what is not asked for masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from worker.postgres.confidential import concealed

if TYPE_CHECKING:
    import asyncpg

    from worker.postgres.beside import Beside

_MASKED: Final = "(masked; --reveal shows it, and that is kept on record)"


def contact_document(row: asyncpg.Record, found: Beside, *, reveal: bool) -> dict[str, Any]:
    """A toelichting is shown to who asks for it; of one that is vertrouwelijk, so is the rest."""
    contact = _whole(row, found)
    if reveal:
        return contact
    if contact["toelichting"] is not None:
        contact["toelichting"] = _MASKED
    return concealed(contact) if contact["vertrouwelijk"] else contact


def _whole(row: asyncpg.Record, found: Beside) -> dict[str, Any]:
    identity = row["id"]
    return {
        "id": identity,
        "zaak": row["zaak"],
        "datumGezet": row["datum_gezet"],
        "type": row["type"],
        "kanaal": row["kanaal"],
        "applicatie": row["applicatie"],
        "geregistreerd": row["geregistreerd"],
        "status": status_document(row),
        **_content(row),
        "documenten": found.documenten.get(identity, []),
        "correctie": row["correctie"],
        "vervolgOp": row["vervolg_op"],
        "vervolgen": found.vervolgen.get(identity, []),
        "geforceerd": row["geforceerd"],
        "herstel": found.herstel.get(identity, []),
        "notificaties": [each.document() for each in found.told.get(identity, ())],
    }


def _content(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "onderwerp": row["onderwerp"],
        "toelichting": row["toelichting"],
        "initiatief": row["initiatief"],
        "taal": row["taal"],
        "vertrouwelijk": row["vertrouwelijk"],
        "opvoerder": {
            "soort": row["opvoerder_soort"],
            "identificatie": row["opvoerder_identificatie"],
            "naam": row["opvoerder_naam"],
            "organisatie": row["opvoerder_organisatie"],
        },
        "gesprekspartners": _parsed(row["gesprekspartners"]) or [],
        "uitkomst": _parsed(row["uitkomst"]),
        "afspraken": _parsed(row["afspraken"]) or [],
    }


def status_document(row: asyncpg.Record) -> dict[str, Any] | None:
    """Of a zaak, or of a klantcontact the one that its zaak had then; None if there was none."""
    if row["status_omschrijving"] is None:
        return None
    return {"omschrijving": row["status_omschrijving"], "datumGezet": row["status_datum_gezet"]}


def _parsed(text: str | None) -> Any:  # noqa: ANN401 (JSON)
    return None if text is None else orjson.loads(text)
