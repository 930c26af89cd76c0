"""Which RabbitMQ and which PostgreSQL: what the environment says of it.

KLANTCONTACT_STACK_RABBITMQ and KLANTCONTACT_STACK_POSTGRES each take a version that Debian has,
which is unpacked, or a folder with one that is there. Unset, RabbitMQ is the machine's own or
that of the machine's release of Debian, and PostgreSQL is the wheel's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from worker.stack import private
from worker.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

RABBITMQ: Final = "KLANTCONTACT_STACK_RABBITMQ"
POSTGRES: Final = "KLANTCONTACT_STACK_POSTGRES"


def folder_or_version(setting: str, value: str, versions: Collection[str]) -> Path | str:
    """The folder that `value` names, or the one of `versions`. Raises StackError."""
    if "/" in value:
        return Path(value).absolute()
    if value not in versions:
        message = f"{setting} is {value}: give {', '.join(versions)}, or a folder's path"
        raise StackError(message)
    return value


def keep(folder: Path, environment: Mapping[str, str]) -> None:
    """Put on record with what the data in `folder` are made."""
    private.write(folder / "software.json", json.dumps(choice(environment)))


def check(folder: Path, environment: Mapping[str, str]) -> None:
    """Raise StackError where the data in `folder` were made with another version.

    A server can't read what a newer one wrote, and says so in words of its own at best.
    """
    now = choice(environment)
    try:
        kept = json.loads((folder / "software.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        # Nothing was made yet, or before there was a choice.
        kept = choice({}) if (folder / "postgres" / "data").exists() else now
    for setting, value in now.items():
        if kept.get(setting, "") != value:
            message = (
                f"the stack in {folder} was made with {setting} {_said(kept.get(setting))}, and"
                f" now it is {_said(value)}: set it back, or run `klantcontact stack reset` first"
            )
            raise StackError(message)


def _said(value: str | None) -> str:
    return value or "unset"


def choice(environment: Mapping[str, str]) -> dict[str, str]:
    """What `environment` says of both, "" for what it doesn't."""
    return {setting: environment.get(setting, "") for setting in (RABBITMQ, POSTGRES)}
