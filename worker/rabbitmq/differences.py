"""What a broker has of the definitions: what is missing there, and what is otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Definitions = Mapping[str, Any]

# Of each kind: what it is called, and what tells one from another.
KINDS: Final = {
    "exchanges": ("exchange", ("name",)),
    "queues": ("queue", ("name",)),
    "bindings": ("binding", ("source", "destination", "destination_type", "routing_key")),
    "policies": ("policy", ("name",)),
}
# RabbitMQ leaves it out where it lists one virtual host alone.
_NOT_COMPARED: Final = "vhost"


@dataclass(frozen=True, slots=True)
class Differences:
    """What `found` lacks, and what it has with other properties; by name, as `queue zaken`."""

    missing: Sequence[str]
    different: Sequence[str]


def differences(wanted: Definitions, found: Definitions) -> Differences:
    """Between two documents of definitions; what `found` has besides is nobody's concern."""
    missing, different = [], []
    for kind in KINDS:
        there = {_key(kind, each): each for each in found.get(kind, ())}
        for each in wanted[kind]:
            same = there.get(_key(kind, each))
            if same is None:
                missing.append(_name(kind, each))
            elif unlike := ", ".join(_unlike(each, same)):
                different.append(f"{_name(kind, each)} ({unlike})")
    return Differences(missing, different)


def _key(kind: str, each: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(each.get(part) for part in KINDS[kind][1])


def _name(kind: str, each: Mapping[str, Any]) -> str:
    called = KINDS[kind][0]
    if kind == "bindings":
        return f"{called} {each['source']} to {each['destination']}"
    return f"{called} {each['name']}"


def _unlike(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """The properties that are otherwise, inner ones by their own names."""
    for name, value in wanted.items():
        other = found.get(name)
        if name == _NOT_COMPARED or value == other:
            continue
        if isinstance(value, dict) and isinstance(other, dict):
            yield from (each for each in value | other if value.get(each) != other.get(each))
        else:
            yield name
