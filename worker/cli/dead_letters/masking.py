"""A content as a tree in which nothing personal is left, unless it is to be revealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from worker.cli.dead_letters.shape import Shape, known_part
from worker.cli.hiding import MASK, counted, hidden

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PROPERTIES: Final = frozenset(
    {
        "authorization",
        "content_encoding",
        "content_type",
        "correlation_id",
        "data",
        "datacontenttype",
        "digest",
        "id",
        "message_id",
        "queue",
        "reply_to",
        "source",
        "specversion",
        "time",
        "timestamp",
        "type",
        "user_id",
    }
)
"""What errors name besides fields of the content: the delivery's and the envelope's own."""
# More than any list of the contract may hold: the rest would only fill the screen.
_MOST_ITEMS: Final = 500
_LONGEST_TEXT: Final = 10_000
_LONGEST_FIELD: Final = 100


@dataclass(frozen=True, slots=True)
class Node:
    """A value in its place.

    `path` is as errors name it, and for comparing only: a sender's own names are in it. `name` is
    what may be shown of its last part; None for the root and the items of a list. `value` is a
    plain value, or for what has `children` the brackets around them: {} or []. Of `more` nothing
    is shown but how many there are.
    """

    path: str
    name: str | None
    value: Any
    children: tuple[Node, ...] = ()
    more: int = 0
    shape: Shape | None = None

    def document(self) -> Any:  # noqa: ANN401 (any JSON)
        """As JSON again."""
        rest = f"{MASK} (and {self.more} more)"
        if isinstance(self.value, dict):
            fields = {each.name: each.document() for each in self.children}
            return {**fields, rest: None} if self.more else fields
        if isinstance(self.value, list):
            items = [each.document() for each in self.children]
            return [*items, rest] if self.more else items
        return self.value


def masked(document: Any, shape: Shape | None, *, reveal: bool) -> Node:  # noqa: ANN401 (any JSON)
    """The tree of a content; what is no object is masked as a whole."""
    return _Masking(reveal=reveal).node("", None, document, shape)


def hidden_name(name: str, number: int) -> str:
    """What a name that somebody made up is called instead, each in an object by its number."""
    return f"{MASK} {number} ({counted(len(name), 'character')})"


def masked_field(path: str, shape: Shape) -> str:
    """The name of a field in an error, without what the sender made up of it."""
    parts = path.split(".")
    known = known_part(shape, parts)
    if known == len(parts) or path in PROPERTIES:
        return path
    return ".".join([*parts[:known], hidden(".".join(parts[known:]))])


def _sized(value: object) -> str:
    """Of base64 roughly the size of what it stands for; of anything else how long it is."""
    if not isinstance(value, str):
        return hidden(value)
    return f"(about {len(value) * 3 // 4} bytes in base64)"


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]}… ({len(value)} characters in all)"
    return value


@dataclass(frozen=True, slots=True)
class _Masking:
    reveal: bool

    def node(self, path: str, name: str | None, value: Any, shape: Shape | None) -> Node:  # noqa: ANN401 (any JSON)
        """One value; `shape` is what it should be by the contract, None for what is not in it."""
        if isinstance(value, dict) and (shape is not None or self.reveal):
            children = tuple(self._fields(path, value, shape))
            return Node(path, name, {}, children, max(0, len(value) - _MOST_ITEMS), shape)
        if isinstance(value, list) and self.reveal:
            return self._list(path, name, value, None)
        return Node(path, name, _cut(value) if self.reveal else hidden(value))

    def _list(self, path: str, name: str | None, items: list[Any], shape: Shape | None) -> Node:
        children = tuple(
            self.node(_within(path, str(place)), None, item, shape)
            for place, item in enumerate(items[:_MOST_ITEMS])
        )
        return Node(path, name, [], children, max(0, len(items) - _MOST_ITEMS))

    def _fields(self, path: str, fields: dict[str, Any], shape: Shape | None) -> Iterator[Node]:
        made_up = 0
        for name, value in _first(fields.items(), _MOST_ITEMS):
            here = _within(path, name)
            if shape is not None and name in shape.names:
                yield self._known(here, name, value, shape)
            else:
                made_up += 1
                shown = name if self.reveal else hidden_name(name, made_up)
                yield self.node(here, shown, value, None)

    def _known(self, path: str, name: str, value: Any, shape: Shape) -> Node:  # noqa: ANN401 (any JSON)
        if value is None:
            return Node(path, name, None)
        if name in shape.size:
            return Node(path, name, _sized(value))
        if name in shape.many and isinstance(value, list):
            return self._list(path, name, value, shape.many[name])
        if name in shape.one:
            return self.node(path, name, value, shape.one[name])
        if shape.may_show(name, value):
            return _plain(path, name, value)
        return self.node(path, name, value, None)


def _plain(path: str, name: str, value: Any) -> Node:  # noqa: ANN401 (any JSON)
    """What is known to be impersonal as a whole: a plain value, or a list of them."""
    if not isinstance(value, list):
        return Node(path, name, value)
    items = value[:_MOST_ITEMS]
    children = tuple(
        Node(_within(path, str(place)), None, item) for place, item in enumerate(items)
    )
    return Node(path, name, [], children, len(value) - len(items))


def _within(path: str, name: str) -> str:
    # As long as errors have it, so that the two can be compared.
    return (f"{path}.{name}" if path else name)[:_LONGEST_FIELD]


def _first(items: Iterable[tuple[str, Any]], most: int) -> Iterator[tuple[str, Any]]:
    for _, item in zip(range(most), items, strict=False):
        yield item
