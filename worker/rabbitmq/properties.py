"""The properties of a delivery, whatever a publisher put into them.

A publisher can set what no decoder can take: a timestamp beyond the year 9999, headers nested a
thousand deep, or tens of thousands of them, text that is not UTF-8. Where that ends the
connection, the message comes again to the next one and no other gets through. Here such
properties count as absent, and the message becomes a dead letter like any that cannot be read.
"""

from __future__ import annotations

from pamqp.commands import Basic
from pamqp.header import ContentHeader

# JSON's own parsers stop somewhere beyond 200.
_DEEPEST = 32
# The decoder copies what is left of a table or list for each of its entries, which takes the
# square of their number: 120 KiB of empty ones keep everybody waiting for two thirds of a second.
# A token has 8 KiB at most.
_LARGEST = 32 * 1024


def decoded(payload: bytes) -> Basic.Properties:
    """The properties in the payload of a header frame; none of them if one cannot be decoded.

    The same holds for more than 32 KiB of them.
    """
    if len(payload) > _LARGEST:
        return Basic.Properties()
    header = ContentHeader()
    try:
        header.unmarshal(payload)
    except Exception:  # noqa: BLE001 (whatever the decoder raises, the message is unreadable)
        return Basic.Properties()
    found = header.properties
    return Basic.Properties() if found.headers and _deep(found.headers) else found


def _deep(value: object) -> bool:
    """Whether headers are nested deeper than can be relied on further down."""
    level: list[object] = [value]
    for _ in range(_DEEPEST):
        nested: list[object] = []
        for each in level:
            if isinstance(each, dict):
                nested.extend(each.values())
            elif isinstance(each, list):
                nested.extend(each)
        if not nested:
            return False
        level = nested
    return True
