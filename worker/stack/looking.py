"""Whether a stack runs, and how to reach it: all that most commands need of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pydantic

import worker
from worker.stack.process import recorded
from worker.stack.state import StackState

if TYPE_CHECKING:
    from collections.abc import Mapping

DIRECTORY_SETTING: Final = "KLANTCONTACT_STACK_DIR"


def default_root(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the stacks: KLANTCONTACT_STACK_DIR, or `.stack` in the checkout.

    Where the package isn't in a checkout it is `.stack` in the current folder.
    """
    if named := environment.get(DIRECTORY_SETTING):
        return Path(named).absolute()
    checkout = Path(worker.__file__ or "").absolute().parents[1]
    return (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / ".stack"


def state_of(folder: Path) -> StackState | None:
    """How to reach the stack in `folder`, or None when it doesn't run, or not all of it."""
    state = partly(folder)
    return state if state is not None and not away(folder) else None


def partly(folder: Path) -> StackState | None:
    """How to reach what runs of the stack in `folder`; None when none of it does.

    What is away is then said by whoever asks for it, instead of all of it being looked for
    elsewhere.
    """
    try:
        state = StackState.model_validate_json((folder / "state.json").read_bytes())
    except (OSError, pydantic.ValidationError):
        return None
    return state if any(process.alive() for process in recorded(folder / "run")) else None


def away(folder: Path) -> list[str]:
    """The processes of the stack in `folder` that ended without being told to."""
    return [process.name for process in recorded(folder / "run") if not process.alive()]
