"""What is said of one klantcontact, each beside its label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from worker.cli import calling
from worker.cli.hiding import MASK
from worker.cli.told import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    Lines = Iterator[tuple[str, str]]


def brief(found: dict[str, Any]) -> Lines:
    """In a dossier, which says of which zaak it is."""
    yield from _links(found)
    for each in found["herstel"]:
        yield "put right", _by(each)
    yield from _rest(found)


def whole(found: dict[str, Any]) -> Lines:
    """By itself: with what it belongs to, how it came, and what people changed of it."""
    yield "zaak", found["zaak"] or "none"
    yield "registered", f"{calling.moment(found['geregistreerd'])}, by {_channel(found)}"
    yield from _links(found)
    for each in found["herstel"]:
        yield "put right", f"{_by(each)}: {', '.join(each['velden'])}"
        if each["reden"]:
            yield "", each["reden"]
    yield from _rest(found)


def _channel(found: dict[str, Any]) -> str:
    if found["applicatie"] == found["kanaal"]:
        return str(found["kanaal"])
    return f"{found['applicatie']} over {found['kanaal']}"


def _by(edit: dict[str, Any]) -> str:
    return f"{calling.moment(edit['moment'])} by {edit['door']}"


def _links(found: dict[str, Any]) -> Lines:
    if found["correctie"]:
        forced = ", on a closed zaak" if found["geforceerd"] else ""
        yield "correction of", f"{found['vervolgOp']}{forced}"
    elif found["vervolgOp"]:
        yield "follows on", str(found["vervolgOp"])
    for each in found["vervolgen"]:
        where = f", on {each['zaak']}" if each["zaak"] != found["zaak"] else ""
        yield "corrected by" if each["correctie"] else "followed by", f"{each['id']}{where}"


def _rest(found: dict[str, Any]) -> Lines:
    if found["opvoerder"]["identificatie"] == MASK and not found["toelichting"]:
        # Where there is a toelichting, its mask says so.
        yield "masked", "--reveal shows all of it, and that is kept on record"
    if found["status"]:
        yield "status then", found["status"]["omschrijving"]
    yield from _said(found)
    yield from _documents(found)
    for each in found["notificaties"]:
        yield "mail to", f"{each['rol']}: {told(each)}"
    yield "id", str(found["id"])


def _said(found: dict[str, Any]) -> Lines:
    if found["onderwerp"]:
        yield "about", found["onderwerp"]
    if found["toelichting"]:
        yield "toelichting", found["toelichting"]
    for each in found["gesprekspartners"]:
        yield "with", f"{each.get('naam') or each.get('identificatie') or '?'} ({each['rol']})"
    if found["uitkomst"]:
        result = "reached" if found["uitkomst"]["gelukt"] else "not reached"
        yield "outcome", "; ".join(filter(None, (result, found["uitkomst"]["omschrijving"])))
    for each in found["afspraken"]:
        by = f" (by {each['uiterlijk']})" if each["uiterlijk"] else ""
        yield "agreed", f"{each['door'] or 'somebody'}: {each['omschrijving']}{by}"


def _documents(found: dict[str, Any]) -> Lines:
    for each in found["documenten"]:
        where = each["url"] or f"{each['omvang']} bytes"
        yield "document", f"{each['titel']} ({each['formaat']}, {where})"
        yield "", f"id {each['id']}"
