"""A Dockerfile, read: its stages, and what each step of them says.

Only the instructions that the project's own uses are known, and no shell but the default one.
dockerfile-parse, the one library in Python, is not kept up and leaves values as text.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KNOWN: Final = (
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN"),
    *("USER", "VOLUME", "WORKDIR"),
)
_COMMENT: Final = re.compile(r"^\s*#.*\n?", re.MULTILINE)
_FROM: Final = re.compile(r"(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)


class DockerfileError(Exception):
    """The Dockerfile says something that can't be done here; the message says what."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction, its continued lines put together."""

    word: str
    value: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage begins from (an image, or an earlier stage's name), and its steps."""

    base: str
    name: str
    steps: tuple[Step, ...]


def stages(text: str) -> list[Stage]:
    """The stages in their order; one without a name has its number. Raises DockerfileError."""
    before: dict[str, str] = {}
    found: list[Stage] = []
    for step in _steps(text):
        if step.word == "FROM":
            found.append(_begun(step, before, str(len(found))))
        elif found:
            last = found[-1]
            found[-1] = Stage(last.base, last.name, (*last.steps, step))
        else:
            before.update(_argument(step))
    return found


def assignments(value: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The names and values of an ENV, an ARG or a LABEL; references filled in."""
    words = [word.partition("=") for word in shlex.split(value)]
    return {name: filled(given, environment) for name, _, given in words}


def filled(value: str, environment: Mapping[str, str]) -> str:
    """`value` with each `$NAME` and `${NAME}` replaced. Raises DockerfileError."""
    try:
        return Template(value).substitute(environment)
    except (KeyError, ValueError) as error:
        message = f"{value!r} refers to what is not known: {error}"
        raise DockerfileError(message) from error


def _steps(text: str) -> Iterator[Step]:
    """Comments go first: one may stand between the lines of an instruction."""
    for line in _COMMENT.sub("", text).replace("\\\n", "").splitlines():
        word, _, value = line.strip().partition(" ")
        if not word:
            continue
        if word.upper() not in _KNOWN:
            message = f"{word} is an instruction that is not known here"
            raise DockerfileError(message)
        yield Step(word.upper(), value.strip())


def _begun(step: Step, before: Mapping[str, str], number: str) -> Stage:
    matched = _FROM.fullmatch(filled(step.value, before))
    if matched is None:
        message = f"FROM {step.value} is not understood"
        raise DockerfileError(message)
    return Stage(matched["base"], matched["name"] or number, ())


def _argument(step: Step) -> dict[str, str]:
    if step.word != "ARG":
        message = f"{step.word} comes before the first FROM"
        raise DockerfileError(message)
    return assignments(step.value, {})
