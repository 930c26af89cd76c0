"""The HTML of every mail, judged by the Nu Html Checker, which is what the W3C judges pages by."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.rendered import EVERY, SEVERAL, VALUES, render
from tests.waiting import DEADLINE

if TYPE_CHECKING:
    from pathlib import Path

    from worker.domain.notifications import Soort

    Judged = dict[str, list[str]]

pytestmark = pytest.mark.acceptance

# Outlook lays out tables by these attributes, and knows no CSS for what they say.
_FOR_OUTLOOK = re.compile(
    "The “(?:cellpadding|cellspacing)” attribute on the “table” element is obsolete|"
    "The “align” attribute on the “td” element is obsolete"
)
FACTS: dict[str, dict[str, Any]] = {
    "one contact": {},
    "several contacts": {"contacten": SEVERAL},
    "nothing but the number": {"naam": "", "zaak_omschrijving": ""},
    **{
        name: {"naam": value, "zaak": value, "zaak_omschrijving": value}
        for name, value in VALUES.items()
    },
}


def _name(soort: Soort, taal: str, facts: str) -> str:
    return f"{soort}-{taal}-{facts.replace(' ', '-')}.html"


@pytest.fixture(scope="module")
def judged(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """What the checker says of each mail, and of a page that is wrong, by its file's name."""
    if not shutil.which("java") and os.environ.get("CI") != "true":
        pytest.skip("no java here")
    folder = tmp_path_factory.mktemp("pages")
    for soort, taal in EVERY:
        for name, facts in FACTS.items():
            page = render(soort=soort, taal=taal, **facts).html
            (folder / _name(soort, taal, name)).write_text(page, encoding="utf-8")
    wrong = render().html.replace("<li", "<p").replace("</li", "</p")
    (folder / "wrong.html").write_text(wrong, encoding="utf-8")
    jar = str(modules / "vnu-jar/build/dist/vnu.jar")
    # Its schema is deep, and its default stack not deep enough for it on every machine.
    java = ["java", "-Xss4m", "-XX:TieredStopAtLevel=1", "-jar", jar]
    command = [*java, "--format", "json", "--exit-zero-always", str(folder)]
    ended = subprocess.run(command, stderr=subprocess.PIPE, check=True, timeout=DEADLINE)
    said: Judged = {file.name: [] for file in folder.iterdir()}
    for each in orjson.loads(ended.stderr)["messages"]:
        said[each["url"].rpartition("/")[2]].append(each["message"])
    return said


@pytest.mark.parametrize("facts", FACTS)
@pytest.mark.parametrize(("soort", "taal"), EVERY)
def test_the_checker_finds_nothing_wrong(
    judged: Judged, soort: Soort, taal: str, facts: str
) -> None:
    said = judged[_name(soort, taal, facts)]
    assert [each for each in said if not _FOR_OUTLOOK.match(each)] == []


def test_the_checker_finds_what_is_wrong(judged: Judged) -> None:
    assert any("“p” not allowed as child of element “ul”" in each for each in judged["wrong.html"])
