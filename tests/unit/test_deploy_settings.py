"""What deploy/ sets is what the program knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.deployed import CHECKOUT, DEPLOY, compose, kustomizations, literals
from worker.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

_KNOWN: Final = set(Settings.model_fields)
_NAME: Final = re.compile(r"KLANTCONTACT_([A-Z0-9_]*[A-Z0-9])")
_FILES: Final = [
    CHECKOUT / "Dockerfile",
    *(path for path in sorted(DEPLOY.rglob("*")) if path.suffix in {".md", ".py", ".yaml"}),
]


def _is_known(name: str) -> bool:
    return name in _KNOWN or name.removesuffix("_file") in Settings.model_fields


def _read(given: dict[str, str]) -> Settings:
    """As the environment's values are read; of files there are none here."""
    values: dict[str, Any] = {
        name.removeprefix("KLANTCONTACT_").lower(): value
        for name, value in given.items()
        if not name.endswith("_FILE")
    }
    return Settings(**values)


@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_setting_that_a_file_names_is_one_of_the_program(path: Path) -> None:
    named = {name.lower() for name in _NAME.findall(path.read_text(encoding="utf-8"))}
    assert [name for name in sorted(named) if not _is_known(name)] == []


def test_a_worker_of_the_demonstration_can_read_its_settings() -> None:
    assert _read(compose()["services"]["intake"]["environment"]).smtp_host == "mailpit"


def test_a_worker_of_the_example_can_read_its_settings() -> None:
    found = kustomizations()
    given = {**literals(found["base"]), **literals(found["overlays/example"])}
    assert _read(given).smtp_host == "mail.example.nl"
