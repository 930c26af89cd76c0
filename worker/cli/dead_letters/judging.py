"""An edited content, held against the contract and against what was sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from worker.cli.dead_letters.content import in_body
from worker.cli.dead_letters.differences import same
from worker.domain.register import Zaak
from worker.errors import Code, Refusal, Violation
from worker.formats.content import parse_klantcontact, read_json
from worker.register import parse_fact

if TYPE_CHECKING:
    from worker.cli.dead_letters.content import Content

_OPVOERDER: Final = "opvoerder"


def violations(data: bytes, sent: Content | None, *, fact: bool) -> list[Violation]:
    """All that is wrong with it; `sent` is what came, as far as it could be read."""
    try:
        document = read_json(data)
    except Refusal as refusal:
        return list(refusal.violations)
    return [*_by_contract(data, fact=fact), *([] if fact else _opvoerder(document, sent))]


def _by_contract(data: bytes, *, fact: bool) -> list[Violation]:
    try:
        if not fact:
            parse_klantcontact(data)
        elif not isinstance(parse_fact(data), Zaak):
            return [Violation(Code.ONGELDIG, "only zaken come by queue", "soort")]
    except Refusal as refusal:
        return [
            replace(each, field=each.field and in_body(each.field, fact=fact))
            for each in refusal.violations
        ]
    return []


def _opvoerder(document: Any, sent: Content | None) -> list[Violation]:  # noqa: ANN401 (any JSON)
    """Whoever the token was for: nobody else can be put in their place."""
    before = _named(sent.document) if sent is not None else None
    if before is None or same(before, _named(document)):
        return []
    detail = "cannot be edited: it stays as it was sent, for the token was theirs"
    return [Violation(Code.ONGELDIG, detail, _OPVOERDER)]


def _named(document: Any) -> Any:  # noqa: ANN401 (any JSON)
    return document.get(_OPVOERDER) if isinstance(document, dict) else None
