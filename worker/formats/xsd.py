"""The XSD of the XML format, written from the table of elements and the limits of the models.

Types carry the names of the source's fragment where it has one: Tijdstip, Documenten, Actor,
Toelichting, KlantcontactType (S10). What a pattern of the models says beyond this is checked
after it, by the models themselves.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import quoteattr

from worker.formats.xml_elements import (
    NAMESPACE,
    ROOTS,
    Choice,
    Group,
    Kind,
    Leaf,
    Sequence,
)
from worker.formats.xml_texts import STUF_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

_HEAD: Final = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
           xmlns="{NAMESPACE}"
           targetNamespace="{NAMESPACE}"
           elementFormDefault="qualified"
           version="1.0">
  <xs:annotation>
    <xs:documentation xml:lang="en">
      A klantcontact as a channel registers it. `klantcontact contract xsd` prints this schema;
      AMQP's content_type is application/xml or text/xml. A bare Klantcontact takes its zaak from
      the header `zaak` and its id from the property message_id.
    </xs:documentation>
  </xs:annotation>
"""
_DOCUMENTED: Final = {
    "KlantcontactRegistratie": "One message: a klantcontact, its zaak, and what else is known.",
    "Klantcontact": "The source's own type: when, with which documents, by whom, what, and how.",
    "Documenten": "Any documents; empty where the toelichting says it all.",
    "Actor": "Who entered the klantcontact; the message's token must prove it.",
    "Document": "A document with its content in base64, or with the https address where it is.",
    "Aanvulling": "What the source's type has no place for; every part may be left out.",
    "Tijdstip": "A moment: ISO 8601 with offset, or StUF's eejjmmddhhmmssddd on the Dutch clock,"
    " as far as it is known.",
}
_OFFSET: Final = r".+(Z|[+\-][0-9]{2}:[0-9]{2})"
_FACETS: Final = (
    ("minLength", "minLength"),
    ("maxLength", "maxLength"),
    ("maximum", "maxInclusive"),
)


@cache
def xsd() -> str:
    """The schema as text; always the same."""
    roots = [
        f'  <xs:element name="{name}" type="{group.type_name}"/>\n' for name, group in ROOTS.items()
    ]
    simple: dict[str, str] = {"Tijdstip": _tijdstip()}
    complex_types = dict(_types(ROOTS.values(), simple))
    return "\n".join([_HEAD, "".join(roots), *complex_types.values(), *simple.values(), _END])


_END: Final = "</xs:schema>\n"


def _types(groups: Iterable[Group], simple: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Every complex type below `groups`, each after those that use it; fills in `simple`."""
    for group in groups:
        lines = [line for child in group.children for line in _child(child, group.model, simple)]
        yield group.type_name, _complex(group.type_name, lines)
        for part in group.parts():
            if isinstance(part, Group):
                yield from _types([part], simple)
            elif isinstance(part, Sequence):
                most = _property(group.model, part.field).get("maxItems")
                bounds = f'minOccurs="0" maxOccurs="{most or "unbounded"}"'
                name, kind = part.item.name, part.item.type_name
                item = f'<xs:element name="{name}" type="{kind}" {bounds}/>'
                yield part.name, _complex(part.name, [item])
                yield from _types([part.item], simple)


def _child(
    child: Leaf | Choice | Group | Sequence, model: type[BaseModel], simple: dict[str, str]
) -> list[str]:
    match child:
        case Choice(options):
            inner = [line for each in options for line in _child(each, model, simple)]
            return ["<xs:choice>", *(f"  {line}" for line in inner), "</xs:choice>"]
        case Leaf():
            if child.type_name:
                simple.setdefault(child.type_name, _simple(child, _property(model, child.field)))
            return [_element(child.name, child.type_name or child.kind, optional=child.optional)]
        case Group():
            return [_element(child.name, child.type_name, optional=child.optional)]
        case Sequence():
            return [_element(child.name, child.name, optional=child.optional)]


def _element(name: str, kind: str, *, optional: bool) -> str:
    least = ' minOccurs="0"' if optional else ""
    return f'<xs:element name="{name}" type="{kind}"{least}/>'


def _complex(name: str, lines: Iterable[str]) -> str:
    body = "".join(f"      {line}\n" for line in lines)
    return (
        f'  <xs:complexType name="{name}">\n{_documentation(name)}'
        f"    <xs:sequence>\n{body}    </xs:sequence>\n  </xs:complexType>\n"
    )


def _documentation(name: str) -> str:
    if name not in _DOCUMENTED:
        return ""
    return (
        "    <xs:annotation>\n"
        f'      <xs:documentation xml:lang="en">{_DOCUMENTED[name]}</xs:documentation>\n'
        "    </xs:annotation>\n"
    )


def _simple(leaf: Leaf, limits: dict[str, Any]) -> str:
    """A restriction by what the JSON schema of the same field says."""
    facets = [
        f"<xs:{facet} value={quoteattr(str(limits[name]))}/>"
        for name, facet in _FACETS
        if name in limits
    ]
    facets += [f"<xs:enumeration value={quoteattr(each)}/>" for each in limits.get("enum", ())]
    if limits.get("format") == "uuid":
        facets.append('<xs:pattern value="[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"/>')
    body = "".join(f"      {facet}\n" for facet in facets)
    return (
        f'  <xs:simpleType name="{leaf.type_name}">\n    <xs:restriction base="{leaf.kind}">\n'
        f"{body}    </xs:restriction>\n  </xs:simpleType>\n"
    )


def _tijdstip() -> str:
    digits = "|".join(f"[0-9]{{{count}}}" for count in STUF_DIGITS)
    return (
        f'  <xs:simpleType name="{Kind.MOMENT}">\n{_documentation(Kind.MOMENT)}    <xs:union>\n'
        f"{_restriction('xs:dateTime', _OFFSET)}{_restriction('xs:token', digits)}"
        "    </xs:union>\n  </xs:simpleType>\n"
    )


def _restriction(base: str, pattern: str) -> str:
    return (
        f'      <xs:simpleType>\n        <xs:restriction base="{base}">\n'
        f"          <xs:pattern value={quoteattr(pattern)}/>\n"
        "        </xs:restriction>\n      </xs:simpleType>\n"
    )


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _property(model: type[BaseModel], field: str) -> dict[str, Any]:
    """The JSON schema of a field, without the null that stands for absence."""
    schema = _schema(model)
    found: dict[str, Any] = schema["properties"].get(field, {})
    found = next((each for each in found.get("anyOf", ()) if each.get("type") != "null"), found)
    if "$ref" in found:
        found = schema["$defs"][found["$ref"].rpartition("/")[2]]
    return found
