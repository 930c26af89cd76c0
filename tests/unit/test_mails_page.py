"""docs/mails.md: its pictures and names are those of the templates as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.rendered import EVERY, OURS, render
from worker.rendering.wording import NAMES, SUBJECT

pytestmark = pytest.mark.unit

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "mails.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"!\[\]\((mails/[^)]+)\)", PAGE)


def test_the_pictures_are_of_the_templates_as_they_are() -> None:
    kept = json.loads((DOCS / "mails" / "versions.json").read_bytes())
    current = {f"{soort}-{taal}": render(soort=soort, taal=taal).digest for soort, taal in EVERY}
    assert kept == current, "the templates changed: run `make mails`, and look at the pictures"


def test_every_mail_is_shown_in_light_and_dark_wide_and_narrow() -> None:
    looks = [f"{colours}-{width}" for colours in ("light", "dark") for width in (320, 600)]
    mails = [f"{soort}-{taal}" for soort, taal in EVERY]
    expected = {f"mails/{mail}-{look}.png" for mail in mails for look in looks}
    assert set(SHOWN) == expected
    assert {f"mails/{file.name}" for file in (DOCS / "mails").glob("*.png")} == expected


@pytest.mark.parametrize("picture", SHOWN)
def test_every_picture_is_there_and_small(picture: str) -> None:
    content = (DOCS / picture).read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) < 60_000


def test_the_page_lists_the_names_that_a_template_gets() -> None:
    table = PAGE.split("names, and no others:")[1].split("What to know")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == NAMES | {SUBJECT}


def test_the_page_names_every_shared_file() -> None:
    assert {file.name for file in OURS.glob("*.*")} <= set(re.findall(r"\| `(\w+\.\w+)` \|", PAGE))
