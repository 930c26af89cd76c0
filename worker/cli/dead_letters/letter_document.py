"""One dead letter as `--json` has it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.cli.dead_letters.letter import Letter
    from worker.postgres.dead_letter_details import Handled


def document(letter: Letter) -> dict[str, Any]:
    """What `--json` prints."""
    found, stored = letter.found, letter.found.stored
    return {
        "id": stored.id,
        "toestand": stored.toestand,
        "code": found.code,
        "queue": stored.delivery.queue,
        "veld": found.veld,
        "group": letter.group,
        "applicatie": stored.key[0],
        "bron": stored.key[1],
        "berichtId": stored.key[2],
        "zaak": found.zaak,
        "aantal": found.count,
        "pogingen": stored.attempt,
        "versie": found.version,
        "versies": [0, *found.versions],
        "eerste": found.first,
        "laatste": found.last,
        "opnieuw": found.due,
        "klantcontact": found.klantcontact,
        "probleem": _problem(letter),
        "remedy": letter.remedy._asdict() if letter.remedy else None,
        "command": letter.command,
        "revealed": letter.reveal,
        "properties": letter.properties,
        "headers": letter.headers,
        "body": _body(letter),
        "handelingen": [_handled(each) for each in found.history],
    }


def _problem(letter: Letter) -> Mapping[str, Any]:
    said = {"detail": letter.found.problem.get("detail", "")}
    return {**letter.found.problem, "detail": letter.said(said), "errors": letter.errors}


def _body(letter: Letter) -> Mapping[str, Any]:
    return {
        "versie": letter.version,
        "judged": letter.version == letter.judged,
        "bytes": len(letter.body),
        "sha256": sha256(letter.body).hexdigest(),
        "content": letter.tree.document() if letter.tree else None,
        "text": letter.text,
    }


def _handled(each: Handled) -> dict[str, Any]:
    return {
        "handeling": each.what,
        "door": each.by,
        "reden": each.reason,
        "moment": each.moment,
        "bijzonderheden": each.details,
    }
