"""What there is to say of each setting, read from where it is declared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from worker.cli.settings.groups import GROUPS, group_of
from worker.cli.settings.values import written
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic.fields import FieldInfo

# The first that a setting's type holds is what its value is.
_KINDS: Final[dict[type, str]] = {
    tuple: "durations, with commas between",
    timedelta: "duration",
    bool: "true or false",
    Path: "file",
}
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Described:
    """One setting; `limits` is what its value must keep to, `unit` what it is counted in."""

    field: str
    group: str
    default: str | None
    unit: str | None
    limits: str | None
    meaning: str

    @property
    def name(self) -> str:
        """As in the environment."""
        return f"KLANTCONTACT_{self.field.upper()}"

    @property
    def kind(self) -> str:
        """Unit and limits for a person, as `bytes, 1024 to 8388608`."""
        return ", ".join(part for part in (self.unit, self.limits) if part)

    @property
    def size(self) -> str:
        """The default for a person, as ` (1 MiB)`, where it is a number of bytes."""
        if self.unit != "bytes" or self.default is None:
            return ""
        return f" ({int(self.default) // _MIB} MiB)"


def described() -> Sequence[Described]:
    """Every setting, in the order in which a reader looks for them."""
    order = list(GROUPS)
    found = [_described(name, each) for name, each in Settings.model_fields.items()]
    return sorted(found, key=lambda each: order.index(each.group))


def _described(name: str, declared: FieldInfo) -> Described:
    return Described(
        field=name,
        group=group_of(name),
        default=written(declared.default),
        unit=_unit(declared),
        limits=_limits(declared),
        meaning=declared.description or "",
    )


def _unit(declared: FieldInfo) -> str | None:
    extra = declared.json_schema_extra
    if isinstance(extra, dict) and "unit" in extra:
        return str(extra["unit"])
    kinds = set(_types(declared.annotation))
    return next((unit for kind, unit in _KINDS.items() if kind in kinds), None)


def _types(annotation: Any) -> Iterator[Any]:  # noqa: ANN401 (whatever stands there)
    yield getattr(annotation, "__origin__", annotation)
    for inner in get_args(annotation):
        yield from _types(inner)


def _limits(declared: FieldInfo) -> str | None:
    """From what the type must keep to: one of some words, or between two bounds."""
    known = {name: getattr(each, name) for each in declared.metadata for name in _told_by(each)}
    if (words := known.get("pattern", "")).startswith("^("):
        *first, last = words.removeprefix("^(").removesuffix(")$").split("|")
        return f"{', '.join(first)} or {last}"
    least, most = (written(known.get(bound)) for bound in ("ge", "le"))
    if least is not None and most is not None:
        return f"{least} to {most}"
    return f"{least} or more" if least is not None else None


def _told_by(constraint: object) -> Iterator[str]:
    return (name for name in ("ge", "le", "pattern") if hasattr(constraint, name))
