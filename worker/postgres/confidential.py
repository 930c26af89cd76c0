"""What is hidden of a klantcontact that is vertrouwelijk, from who did not ask to see it.

Klantinteracties treats onderwerp, inhoud and kenmerken of such a contact as confidential: what
was said, about what, with whom and by whom. When, how and of which zaak stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MASK: Final = "•••"
_PERSON: Final = ("identificatie", "naam")


def concealed(contact: Mapping[str, Any]) -> dict[str, Any]:
    """The same klantcontact as a document, with a mask for each value that is hidden."""
    return {
        **_without(contact, "onderwerp"),
        "opvoerder": _without(contact["opvoerder"], *_PERSON),
        "gesprekspartners": [_without(each, *_PERSON) for each in contact["gesprekspartners"]],
        "uitkomst": contact["uitkomst"] and _without(contact["uitkomst"], "omschrijving"),
        "afspraken": [_without(each, "omschrijving", "door") for each in contact["afspraken"]],
        "documenten": [_without(each, "titel", "auteur", "url") for each in contact["documenten"]],
        "herstel": [_without(each, "reden") for each in contact["herstel"]],
    }


def _without(part: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """What is not there needs no mask."""
    hidden = {name: MASK for name in names if part.get(name) is not None}
    return {**part, **hidden}
