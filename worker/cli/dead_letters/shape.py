"""What may be shown of a model of the contract, field by field."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STRICT: Final = ConfigDict(strict=True)
_MOST_DIGITS: Final = 3


@dataclass(frozen=True)
class Shape:
    """A model of the contract, its fields by what may be shown of them.

    `instead` gives another type than the model's own where that lets any text through. `one` and
    `many` are fields that hold an object, or a list of them. Of what stands in `size` nothing
    but the size is shown, to nobody.
    """

    model: type[BaseModel]
    shown: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    size: tuple[str, ...] = ()
    one: Mapping[str, Shape] = field(default_factory=dict)
    many: Mapping[str, Shape] = field(default_factory=dict)
    instead: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The fields as the contract calls them, in its order."""
        return tuple(str(each.alias) for each in self.model.model_fields.values())

    @cached_property
    def required(self) -> frozenset[str]:
        """Those that must be there."""
        fields = self.model.model_fields.values()
        return frozenset(str(each.alias) for each in fields if each.is_required())

    @cached_property
    def _types(self) -> dict[str, TypeAdapter[Any]]:
        own = {
            str(each.alias): Annotated[(each.annotation, *each.metadata)]
            if each.metadata
            else each.annotation
            for each in self.model.model_fields.values()
        }
        return {
            name: TypeAdapter(self.instead.get(name, own[name]), config=_STRICT)
            for name in self.shown
        }

    def may_show(self, name: str, value: object) -> bool:
        """Whether `value` is what the field is for, and the field is impersonal."""
        if name not in self.shown:
            return False
        try:
            self._types[name].validate_json(orjson.dumps(value))
        except (ValidationError, TypeError):
            return False
        return True


def known_part(shape: Shape, parts: Iterable[str]) -> int:
    """How many of the parts of a path, from its beginning, are the contract's own names."""
    within: Shape | None = shape
    items: Shape | None = None
    known = 0
    for part in parts:
        if items is not None:
            if not (part.isascii() and part.isdigit() and len(part) <= _MOST_DIGITS):
                break
            within, items = items, None
        elif within is not None and part in within.names:
            items = within.many.get(part)
            within = within.one.get(part)
        else:
            break
        known += 1
    return known
