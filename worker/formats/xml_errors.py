"""What the XSD found wrong, in the contract's words: libxml2's own quote the message."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from lxml import etree

from worker.errors import Code, Violation
from worker.formats.xml_elements import NAMESPACE, ROOTS, Group, Leaf, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from worker.formats.xml_elements import Element

_MOST: Final = 50
_MOST_LOOKED_AT: Final = 1000
_LONGEST_FIELD: Final = 100
_NAME: Final = re.compile(r"\{[^}]*\}([A-Za-z0-9]+)")
_PREFIX: Final = re.compile(r"/([^/:\[\]]+):")
_EXPECTED: Final = "Expected is"
_DETAILS: Final = {
    "SCHEMAV_CVC_ENUMERATION_VALID": "not one of the values that are allowed here",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "too long",
    "SCHEMAV_CVC_MINLENGTH_VALID": "must not be empty",
    "SCHEMAV_CVC_PATTERN_VALID": "does not have the form that is needed here",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "no attribute is allowed here",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "no text is allowed here, only elements",
}
_OTHER: Final = "not valid by the XSD"


def violations(root: etree._Element, found: Iterable[etree._LogEntry]) -> list[Violation]:
    """One per element at fault, at most 50; none holds a value of the message."""
    if root.tag not in {f"{{{NAMESPACE}}}{name}" for name in ROOTS}:
        names = " or ".join(ROOTS)
        return [
            Violation(
                Code.ONGELDIG,
                f"the root element must be {names}, in {NAMESPACE} or all in no namespace",
            )
        ]
    by_field: dict[str | None, Violation] = {}
    # Each where it is declared: an element's own map holds those of all around it, too.
    walked = etree.iterwalk(root, events=("start-ns",))
    prefixes = dict(declared for _, declared in walked if declared)
    # Ninety thousand attributes are as many errors at one element: look at the first ones only.
    for each in islice(found, _MOST_LOOKED_AT):
        violation = _violation(_at(root, each.path, prefixes), each)
        by_field.setdefault(violation.field, violation)
        if len(by_field) == _MOST:
            break
    return list(by_field.values())


def _violation(element: etree._Element, entry: etree._LogEntry) -> Violation:
    field, made_up = field_of(element)
    detail = _DETAILS.get(entry.type_name, _OTHER)
    if entry.type_name == "SCHEMAV_ELEMENT_CONTENT":
        detail = _misplaced(entry.message)
        if made_up:
            detail = f"this element is not in the contract; {detail}"
    return Violation(code_of(field), detail, field, made_up)


def code_of(field: str | None) -> Code:
    """The code for what is wrong at a field."""
    within = field is not None and field.startswith("documenten.")
    return Code.DOCUMENT_ONGELDIG if within else Code.ONGELDIG


def _misplaced(message: str) -> str:
    """Which elements the schema expects: names of the schema's own, and nothing else of it."""
    _, _, expected = message.partition(_EXPECTED)
    names = _NAME.findall(expected)
    if not names:
        return "no element is expected here"
    return f"expected here: {', '.join(names)}"


def _at(root: etree._Element, path: str | None, prefixes: dict[str, str]) -> etree._Element:
    """The element at fault; the root where its path leads nowhere, as with a prefix of two uses."""
    # All of them would be told to the parser's library anew for each path.
    named = {each: prefixes[each] for each in _PREFIX.findall(path or "") if each in prefixes}
    try:
        found = root.getroottree().xpath(path or "/*", namespaces=named)
    except etree.XPathError:
        return root
    first = found[0] if isinstance(found, list) and found else root
    return first if isinstance(first, etree._Element) else root  # noqa: SLF001 (its only name)


def field_of(element: etree._Element) -> tuple[str | None, bool]:
    """The path of an element in the contract's terms, and whether its name is made up.

    None for the root, and for wrappers that have no field of their own.
    """
    chain = [element, *element.iterancestors()][::-1]
    part: Element | None = ROOTS.get(etree.QName(chain[0]).localname)
    path: list[str] = []
    for each in chain[1:]:
        name = etree.QName(each).localname
        inner = _inner(part, name)
        if inner is None:
            return ".".join([*path, name])[:_LONGEST_FIELD], True
        if isinstance(part, Sequence):
            path.append(str(sum(1 for _ in each.itersiblings(preceding=True))))
        elif inner.field:
            path.append(inner.field)
        part = inner
    return ".".join(path) or None, False


def _inner(part: Element | None, name: str) -> Element | None:
    match part:
        case Sequence(item=item):
            return item if item.name == name else None
        case Group():
            return next((each for each in part.parts() if each.name == name), None)
        case Leaf() | None:
            return None
