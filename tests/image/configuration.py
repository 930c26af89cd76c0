"""What an image's program is started with: what the steps of its stages leave set."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tests.image.dockerfile import DockerfileError, assignments, filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.image.dockerfile import Step

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_USER: Final = re.compile(r"(\d+):(\d+)")
_OPTION: Final = re.compile(r"^(?:--\S+\s+)*CMD\s+")


@dataclass(frozen=True, slots=True)
class Configuration:
    """An image's configuration; `user` and `group` are numbers, commands are lists of words."""

    environment: Mapping[str, str] = field(default_factory=lambda: {"PATH": PATH})
    arguments: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: int = 0
    group: int = 0
    volumes: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    healthcheck: tuple[str, ...] = ()

    @property
    def known(self) -> dict[str, str]:
        """What a step can refer to, and a RUN has in its environment."""
        return {**self.arguments, **self.environment}


def after(configuration: Configuration, step: Step) -> Configuration:
    """The configuration as `step` leaves it. Raises DockerfileError."""
    value = step.value
    match step.word:
        case "ENV":
            added = assignments(value, configuration.known)
            return replace(configuration, environment={**configuration.environment, **added})
        case "ARG":
            added = assignments(value, configuration.known)
            return replace(configuration, arguments={**configuration.arguments, **added})
        case "WORKDIR":
            return replace(configuration, folder=_absolute(filled(value, configuration.known)))
        case "USER":
            user, group = _numbers(filled(value, configuration.known))
            return replace(configuration, user=user, group=group)
        case _:
            return _started_with(configuration, step)


def _started_with(configuration: Configuration, step: Step) -> Configuration:
    match step.word:
        case "VOLUME":
            return replace(configuration, volumes=(*configuration.volumes, *listed(step.value)))
        case "ENTRYPOINT":
            return replace(configuration, entrypoint=words(step.value))
        case "CMD":
            return replace(configuration, command=words(step.value))
        case "HEALTHCHECK":
            return replace(configuration, healthcheck=_check(step.value))
        case _:
            return configuration


def words(value: str) -> tuple[str, ...]:
    """A command: a JSON list as it is, anything else by way of a shell."""
    return listed(value) if value.startswith("[") else ("/bin/sh", "-c", value)


def listed(value: str) -> tuple[str, ...]:
    """Names: a JSON list, or with spaces between. Raises DockerfileError."""
    if not value.startswith("["):
        return tuple(shlex.split(value))
    try:
        return tuple(map(str, json.loads(value)))
    except json.JSONDecodeError as error:
        message = f"{value} is no list of words: {error}"
        raise DockerfileError(message) from error


def _check(value: str) -> tuple[str, ...]:
    return words(_OPTION.sub("", value)) if value != "NONE" else ()


def _numbers(value: str) -> tuple[int, int]:
    matched = _USER.fullmatch(value)
    if matched is None:
        message = f"USER {value}: give numbers, as 10001:10001"
        raise DockerfileError(message)
    return int(matched[1]), int(matched[2])


def _absolute(folder: str) -> str:
    if not folder.startswith("/"):
        message = f"WORKDIR {folder}: give it in full, from /"
        raise DockerfileError(message)
    return folder
