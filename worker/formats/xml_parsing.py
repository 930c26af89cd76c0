"""From bytes to an XML tree: safely, and so that what a message is made of is forgotten again.

libxml2 keeps every name that it has seen, and some runs of white space, in a table that lxml
shares among all documents of a thread, for as long as the thread lives: 1.5 bytes for each byte
of a message that is full of new names. So XML is read in a thread of its own, which is replaced
after so many bytes and takes its table along.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from lxml import etree

from worker.errors import Code, Refusal, Violation

if TYPE_CHECKING:
    from collections.abc import Callable

_Read = TypeVar("_Read")
_BYTES: Final = 4 * 1024 * 1024
# All that may stand before the root. Possessive: it never tries the same twice.
_PROLOG: Final = re.compile(
    rb"""(?:\xef\xbb\xbf)?
    (?:<\?xml\s(?P<declaration>[^>]*+)(?<=\?)>)?
    (?:\s++|<!--.*?-->|<\?.*?\?>)*+
    (?P<doctype><!DOCTYPE)?""",
    re.DOTALL | re.VERBOSE,
)
_ENCODING: Final = re.compile(rb"""encoding\s*=\s*["']([^"'>]*)["']""")
_ENCODINGS: Final = {b"", b"utf-8", b"utf8"}


class Apart(Generic[_Read]):
    """Runs `read` in a thread that ends after 4 MiB of messages, and then in the next one."""

    def __init__(self, read: Callable[[bytes], _Read]) -> None:
        self._read = read
        self._thread = ThreadPoolExecutor(1)
        self._left = _BYTES

    def __call__(self, body: bytes) -> _Read:
        """What `read` gives or raises for `body`; the caller waits for it."""
        if self._left <= 0:
            self._thread.shutdown()
            self._thread, self._left = ThreadPoolExecutor(1), _BYTES
        self._left -= len(body)
        return self._thread.submit(self._read, body).result()


def parsed(body: bytes) -> etree._Element:
    """The root element; raises Refusal for what is not plain XML in UTF-8.

    A DOCTYPE is refused before the parser sees it, so no entity is ever declared.
    """
    prolog = _PROLOG.match(body)
    if prolog and prolog["doctype"]:
        raise _unreadable("XML with a DOCTYPE is not taken")
    encoding = _ENCODING.search(prolog["declaration"] or b"") if prolog else None
    if encoding and encoding[1].lower() not in _ENCODINGS:
        raise _unreadable("the encoding must be UTF-8")
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
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        # The parser's words may quote the message.
        raise _unreadable("the body is not XML in UTF-8") from None
    finally:
        # lxml keeps the last hundred of them, and shows them with the next error.
        etree.clear_error_log()


def _unreadable(detail: str) -> Refusal:
    return Refusal(Violation(Code.ONLEESBAAR, detail))
