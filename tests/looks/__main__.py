"""`python -m tests.looks`: every mail, sent and caught, in a real browser; see docs/mails.md.

Each is written by the program, sent to the mail catcher, read back from there, and opened in
headless Chromium, in light and dark, at 320 and 600 pixels: axe judges it by WCAG 2.2 AA, and it
may not be wider than the screen. Of those with ordinary facts, a picture of each look is kept.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from tests.looks.catching import caught
from tests.rendered import EVERY, FACTS, SEVERAL, VALUES
from worker.finishing import Finisher, built_in
from worker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.rendering import MailFacts

HERE: Final = Path(__file__).parent
MAILS: Final = HERE.parents[1] / "docs" / "mails"
NODE: Final = {"node": "nodejs", "npm": "npm"}
CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

out = Console(highlight=False)


def main() -> int:
    """Look at all mails; the exit status is 0 when nothing is wrong with any."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    packages = [package for name, package in NODE.items() if not shutil.which(name)]
    if chromium is None or packages:
        wanted = " ".join([*packages, *([] if chromium else ["chromium"])])
        out.print(f"Error: this needs Node.js and Chromium: apt-get install {wanted}")
        return 1
    with TemporaryDirectory() as name:
        folder = Path(name)
        count = _write_pages(folder)
        report = _look(chromium, folder)
    for what, where in report["wrong"].items():
        out.print(f"{what}\n  in {len(where)} looks, such as {where[0]}", soft_wrap=True)
    seen = f"{count} mails, {report['looks']} looks, {len(report['wrong'])} wrong"
    out.print(f"{seen}; Chromium {report['browser']}, axe {report['axe']}")
    return 1 if report["wrong"] else 0


def _write_pages(folder: Path) -> int:
    """Write the HTML of every mail below `folder`, and the templates' versions to be kept."""
    finisher = Finisher(Settings(templates=built_in()))
    mails = dict(_mails())
    finished = {name: finisher.finish(facts) for name, facts in mails.items()}
    pages = caught(each.content for each in finished.values())
    for name, page in zip(mails, pages, strict=True):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(page, encoding="utf-8")
    versions = {
        Path(name).stem: each.template for name, each in finished.items() if "shown" in name
    }
    MAILS.mkdir(exist_ok=True)
    (MAILS / "versions.json").write_text(f"{json.dumps(versions, indent=2)}\n", encoding="utf-8")
    return len(mails)


def _mails() -> Iterator[tuple[str, MailFacts]]:
    """Ordinary facts, which are shown, and hard ones."""
    for soort, taal in EVERY:
        usual = replace(FACTS, soort=soort, taal=taal, contacten=SEVERAL[1:3])
        yield f"shown/{soort}-{taal}.html", usual
        for name, value in VALUES.items():
            # The number of a zaak is text that the database can hold.
            zaak = value.encode(errors="replace").decode()
            hard = replace(usual, naam=value, zaak=zaak, zaak_omschrijving=value)
            yield f"hard/{soort}-{taal}-{name.replace(' ', '-')}.html", hard


def _look(chromium: str, folder: Path) -> dict[str, Any]:
    shutil.copy(HERE / "package.json", folder)
    quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(["npm", "install", *quiet], cwd=folder, check=True, timeout=300)
    ended = subprocess.run(
        ["node", str(HERE / "look.js"), chromium, str(folder), str(MAILS)],
        env={**os.environ, "NODE_PATH": str(folder / "node_modules")},
        stdout=subprocess.PIPE,
        check=True,
        timeout=600,
    )
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


if __name__ == "__main__":
    sys.exit(main())
