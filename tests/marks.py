"""Words in the place of all that is personal or secret, and the search for them in what is said.

Each kind of value has a word of its own, which stands nowhere by itself. A value is made of
nothing else, so that any part of it that comes out is found.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

TELEFOON: Final = "0655519283"
BSN: Final = "111222333"
"""It passes the elfproef, as a real one does."""
BSN_IN_AN_ID: Final = "123456782"
"""So does this; senders choose their own ids."""
_GROUP: Final = 3
_FEWEST: Final = 6
"""Characters that a part of base64 must have to be no coincidence."""
_URL_SAFE: Final = str.maketrans("-_", "+/")


def mark(kind: str) -> str:
    """The word of a kind of value, with a capital as names have."""
    return f"Zq{kind}qz"


def words(kind: str, value: str) -> str:
    """As many words as the value has, all of them the mark."""
    return " ".join(mark(kind) for _ in value.split())


def leaked(said: str, secrets: Iterable[str]) -> list[str]:
    """Which of the secrets stand in it: in words, in hex as of PostgreSQL's bytes, in base64."""
    lower, alike = said.lower(), said.translate(_URL_SAFE)
    return sorted(
        each
        for each in set(secrets)
        if each.lower() in lower
        or each.encode().hex() in lower
        or any(form in alike for form in _in_base64(each) if len(form) >= _FEWEST)
    )


def _in_base64(secret: str) -> Iterable[str]:
    """The part that is the same whatever stands around it, for each place that it can begin at."""
    for before in range(_GROUP):
        content = b"\0" * before + secret.encode()
        whole = len(content) // _GROUP * _GROUP
        yield b64encode(content[:whole])[4 if before else 0 :].decode()
