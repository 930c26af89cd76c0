"""`klantcontact settings`: what is in force, and what each setting means."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import SecretStr

from worker.cli import calling
from worker.cli.settings.describing import Described, described
from worker.cli.settings.groups import ESSENTIAL
from worker.cli.settings.pages import explained, page, table
from worker.cli.settings.values import written
from worker.settings import Settings
from worker.unknown_settings import unknown_settings

_MASKED = "(set, not shown)"


def settings(
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="With what each means, its unit and its default.")
    ] = False,
    essential: Annotated[
        bool,
        typer.Option("--essential", help="Only what differs from one municipality to the next."),
    ] = False,
    markdown: Annotated[
        bool,
        typer.Option("--markdown", help="Print the tables of the documentation: not what is set."),
    ] = False,
    as_json: calling.Json = False,
) -> None:
    """Print every setting as it is in force, secrets masked; --explain says what each means."""
    if markdown and (explain or as_json):
        raise typer.BadParameter("--markdown goes without --explain and --json")
    chosen = [each for each in described() if not essential or each.field in ESSENTIAL]
    if markdown:
        _print_lines(*(table(chosen) if essential else page(chosen)))
        return
    shown = _in_force(chosen, calling.settings())
    _tell_unknown()
    match explain, as_json:
        case True, True:
            calling.print_json({each.name: _document(each, shown) for each in chosen})
        case True, False:
            _print_lines(*explained(chosen, shown, calling.out.width))
        case False, True:
            calling.print_json(shown)
        case _:
            _print_lines(*(_line(name, value) for name, value in shown.items()))


def _tell_unknown() -> None:
    for each in unknown_settings():
        meant = f"; is {each.nearest} meant?" if each.nearest else ""
        typer.echo(f"Warning: {each.name} is no setting, and sets nothing{meant}", err=True)


def _in_force(chosen: list[Described], effective: Settings) -> dict[str, str | None]:
    values = {each.name: getattr(effective, each.field) for each in chosen}
    return {
        name: _MASKED if isinstance(value, SecretStr) else written(value)
        for name, value in values.items()
    }


def _line(name: str, value: str | None) -> str:
    """As in an `.env`, where a name without a value would be an empty one: so it is a comment."""
    return f"{name}={value}" if value is not None else f"# {name}="


def _document(each: Described, shown: dict[str, str | None]) -> dict[str, str | None]:
    return {
        "group": each.group,
        "value": shown[each.name],
        "default": each.default,
        "unit": each.unit,
        "limits": each.limits,
        "meaning": each.meaning,
    }


def _print_lines(*lines: str) -> None:
    for line in lines:
        typer.echo(line)
