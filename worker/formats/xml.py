"""XML: the source's `Klantcontact` (S10), in a registration with its zaak or by itself.

Read without network, DTD, entities or huge trees, held against the XSD, and turned into the
JSON of the contract, which the same models then judge: one meaning, whatever the format.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import orjson
from lxml import etree
from pydantic import TypeAdapter, ValidationError

from worker.domain.text import Moment
from worker.envelope import Envelope
from worker.errors import Code, Refusal, Violation
from worker.formats.xml_elements import NAMESPACE, ROOTS, Group, Leaf, Sequence
from worker.formats.xml_errors import field_of, violations
from worker.formats.xml_texts import value
from worker.formats.xsd import xsd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from worker.envelope import Delivery

_MOMENT: Final = TypeAdapter(Moment)
_WRAPPED: Final = ("id", "source", "time")


def decode(delivery: Delivery, received: datetime, _kind: str) -> Envelope:
    """Take id, source and time from the registration where they stand, else from properties."""
    fields = _fields(_valid(_parsed(delivery.body)))
    envelope = {name: fields.pop(name, None) for name in _WRAPPED}
    if "zaak" not in fields and (zaak := delivery.headers.get("zaak")) is not None:
        if not isinstance(zaak, str):
            raise _wrong("the header zaak must be a text", "zaak")
        fields["zaak"] = zaak
    message_id = envelope["id"] or delivery.message_id
    if not message_id or not message_id.isprintable():
        detail = "give a BerichtId, or set the property message_id"
        raise _wrong(detail, "message_id")
    applicatie = delivery.user_id or ""
    return Envelope(
        applicatie=applicatie,
        source=envelope["source"] or f"urn:applicatie:{applicatie}",
        id=message_id,
        time=_time(envelope["time"]) or delivery.timestamp or received,
        data=orjson.dumps(fields),
    )


def _parsed(body: bytes) -> etree._Element:
    """The root element; raises Refusal for what is not plain XML in UTF-8."""
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        # The parser's words may quote the message.
        raise _unreadable("the body is not XML in UTF-8") from None
    info = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise _unreadable("XML with a DOCTYPE is not taken")
    return root


def _valid(root: etree._Element) -> etree._Element:
    """The root, if it keeps to the XSD; raises Refusal with every violation at once."""
    if etree.QName(root).namespace is None:
        # The source's own fragment names no namespace: what has none at all is taken as ours.
        for element in root.iter(etree.Element):
            name = etree.QName(element)
            element.tag = f"{{{name.namespace or NAMESPACE}}}{name.localname}"
    schema = _schema()
    if not schema.validate(root):
        raise Refusal(*violations(root, schema.error_log))
    return root


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.fromstring(xsd().encode()))


def _fields(root: etree._Element) -> dict[str, Any]:
    return dict(_group(ROOTS[etree.QName(root).localname], root))


def _group(group: Group, element: etree._Element) -> Iterator[tuple[str, Any]]:
    """The fields of an element that is valid: each child by its part of the table."""
    for child in element:
        part = group.by_tag[str(child.tag)]
        match part:
            case Leaf():
                yield part.field, _leaf(part, child)
            case Sequence(item=item):
                yield part.field, [dict(_group(item, each)) for each in child]
            case Group(field=""):
                yield from _group(part, child)
            case Group():
                yield part.field, dict(_group(part, child))


def _leaf(part: Leaf, element: etree._Element) -> str | int | bool:
    try:
        return value(part.kind, element.text or "")
    except ValueError:
        field, _ = field_of(element)
        raise _wrong("there is no such moment", field) from None


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment: datetime = _MOMENT.validate_python(text)
    except ValidationError:
        raise _wrong("there is no such moment", "time") from None
    return moment


def _wrong(detail: str, field: str | None) -> Refusal:
    return Refusal(Violation(Code.ONGELDIG, detail, field))


def _unreadable(detail: str) -> Refusal:
    return Refusal(Violation(Code.ONLEESBAAR, detail))
