"""Fields of a content by their paths, as errors name them: put there, or taken away."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import orjson

from worker.errors import Refusal, UsageError, WrongUsage
from worker.formats.content import read_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.cli.dead_letters.shape import Shape


_NUMBER: Final = re.compile("0|[1-9][0-9]{0,8}")


class Change(NamedTuple):
    """A field that gets a value."""

    path: str
    value: Any


class _Spot(NamedTuple):
    """A place in an object, or in a list."""

    holder: Any
    key: str | int


def change(text: str) -> Change:
    """What `path=value` asks for; the value is JSON, or else the text itself."""
    path, sign, value = text.partition("=")
    if not (path and sign):
        raise WrongUsage("--set takes path=value, as in opvoerder.soort=medewerker")
    return Change(path, _value(path, value))


def _value(path: str, text: str) -> Any:  # noqa: ANN401 (any JSON)
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    try:
        return read_json(text.encode())
    except Refusal as refusal:
        raise WrongUsage(f"--set {path}: {refusal.violations[0].detail}") from None


def changed(document: Any, shape: Shape, sets: Sequence[Change], unsets: Sequence[str]) -> Any:  # noqa: ANN401 (any JSON)
    """The document with fields taken away, then with fields put there; raises UsageError.

    What is to be taken away is found before anything is, so that items keep their numbers.
    """
    paths = [*unsets, *(each.path for each in sets)]
    if twice := next((each for each in paths if paths.count(each) > 1), None):
        raise WrongUsage(f"{twice} is named twice")
    made = deepcopy(document)
    if not isinstance(made, dict):
        raise UsageError("it is no JSON object; give the whole content with --file")
    spots = [_there(made, path) for path in unsets]
    for spot in sorted(spots, key=_from_the_end):
        del spot.holder[spot.key]
    for path, value in sets:
        _put(made, shape, path, value)
    return made


def _from_the_end(spot: _Spot) -> int:
    return -spot.key if isinstance(spot.key, int) else 0


def _there(document: Any, path: str) -> _Spot:  # noqa: ANN401 (any JSON)
    """Where an existing field stands."""
    holder, rest = document, path
    while True:
        spot, rest = _step(holder, rest, path)
        found = _at(spot)
        if found is ...:
            raise UsageError(f"there is no {path} to take away")
        if not rest:
            return spot
        holder = found


def _put(document: Any, shape: Shape, path: str, value: Any) -> None:  # noqa: ANN401 (any JSON)
    """What the contract has on the way is made where it is not there yet."""
    holder, rest, within = document, path, _Within(shape, None)
    while True:
        spot, rest = _step(holder, rest, path)
        within = within.part(spot.key)
        if not rest:
            _assign(spot, value, path)
            return
        if (found := _at(spot)) is ... or found is None:
            found = within.empty()
            if found is None:
                raise UsageError(f"there is no {path}, nor can the contract have it")
            _assign(spot, found, path)
        holder = found


class _Within(NamedTuple):
    """Where in the contract a path has come: an object, or a list of them."""

    shape: Shape | None
    items: Shape | None

    def part(self, key: str | int) -> _Within:
        if isinstance(key, int):
            return _Within(self.items, None)
        if self.shape is None:
            return _Within(None, None)
        return _Within(self.shape.one.get(key), self.shape.many.get(key))

    def empty(self) -> Any:  # noqa: ANN401 (an object or a list)
        if self.items is not None:
            return []
        return {} if self.shape is not None else None


def _step(holder: Any, rest: str, path: str) -> tuple[_Spot, str]:  # noqa: ANN401 (any JSON)
    """The next part of a path; a name that somebody made up may have dots in it."""
    part, _, after = rest.partition(".")
    if isinstance(holder, dict):
        return (_Spot(holder, rest), "") if rest in holder else (_Spot(holder, part), after)
    if not isinstance(holder, list):
        raise UsageError(f"there is no {path}: what should hold it holds no fields")
    if _NUMBER.fullmatch(part) is None:
        raise UsageError(f"{path}: items of a list go by their number, from 0 on")
    return _Spot(holder, int(part)), after


def _at(spot: _Spot) -> Any:  # noqa: ANN401 (any JSON, or ... for what is not there)
    if isinstance(spot.key, int):
        return spot.holder[spot.key] if spot.key < len(spot.holder) else ...
    return spot.holder.get(spot.key, ...)


def _assign(spot: _Spot, value: Any, path: str) -> None:  # noqa: ANN401 (any JSON)
    if isinstance(spot.key, str) or spot.key < len(spot.holder):
        spot.holder[spot.key] = value
    elif spot.key == len(spot.holder):
        spot.holder.append(value)
    else:
        _beyond(path, len(spot.holder))


def _beyond(path: str, length: int) -> NoReturn:
    raise UsageError(f"{path}: the list has {length} items, so the next one is number {length}")
