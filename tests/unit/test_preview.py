"""`klantcontact notificaties preview`, without database, broker or mail server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from tests.pages import Page
from tests.rendered import EVERY, write
from tests.waiting import DEADLINE
from worker.cli import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from worker.domain.notifications import Soort

    Preview = Callable[..., Result]

pytestmark = pytest.mark.unit

TEMPLATE = "klantcontact-toegevoegd/nl/bericht.html"


@pytest.fixture
def preview(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Preview:
    """Runs the command in an empty folder; the exit status must be as said."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, code: int = 0, **settings: str) -> Result:
        environment = {f"KLANTCONTACT_{name.upper()}": value for name, value in settings.items()}
        asked = ["notificaties", "preview", *arguments]
        result = CliRunner().invoke(app, asked, env=environment)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


@pytest.mark.parametrize(("soort", "taal"), EVERY)
def test_every_mail_is_shown_in_eighty_columns(preview: Preview, soort: Soort, taal: str) -> None:
    shown = preview("--soort", soort, "--taal", taal, "--omschrijving", "Dakkapel " * 20).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.startswith("Subject:  N")
    assert f"\nLanguage: {taal}\n" in shown
    assert re.search(r"\nVersion:  [0-9a-f]{64}\n\n", shown)


def test_the_mail_is_made_with_the_settings_and_what_is_given(preview: Preview) -> None:
    given = ("--naam", "Jan", "--zaak", "Z 1", "--omschrijving", "Boom", "--contacten", "7")
    shown = preview(*given, portal_url="https://portaal.example.nl/{zaak}").stdout
    for words in ("over zaak Z 1\n", "Beste Jan,", "Boom", "https://portaal.example.nl/Z%201"):
        assert words in shown
    assert len(re.findall("^- ", shown, re.MULTILINE)) == 7


def test_a_language_without_templates_is_shown_in_dutch_and_said(preview: Preview) -> None:
    assert "Language: nl (there are no templates in fr)\n" in preview("--taal", "fr").stdout


def test_the_html_and_the_whole_mail_are_written_to_files(preview: Preview, tmp_path: Path) -> None:
    preview("--html", "a.html", "--eml", "a.eml", mail_from="post@example.nl")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    mail = message_from_bytes((tmp_path / "a.eml").read_bytes(), policy=policy.default)
    assert "Beste Voorbeeld Burger," in Page(page).text
    assert mail["From"].addresses[0].addr_spec == "post@example.nl"
    part = mail.get_body(("html",))
    assert part is not None
    assert part.get_content().replace("\r\n", "\n") == page


def test_a_file_that_cannot_be_written_is_one_line(preview: Preview) -> None:
    failed = preview("--html", "niet/er.html", code=1)
    assert failed.stderr == "Error: niet/er.html cannot be written: No such file or directory\n"


def test_json_is_one_document_and_nothing_else(preview: Preview) -> None:
    shown = json.loads(preview("--json", "--taal", "en").stdout)
    assert shown.keys() == {"onderwerp", "tekst", "html", "taal", "digest"}
    assert shown["taal"] == "en"


def test_a_browser_is_started_on_the_page(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\ncp "${1#file://}" opened.html\n', encoding="utf-8")
    browser.chmod(0o755)
    ended = subprocess.run(
        [sys.executable, "-m", "worker", "notificaties", "preview", "--open", "--html", "a.html"],
        cwd=tmp_path,
        env={**os.environ, "BROWSER": str(browser)},
        capture_output=True,
        check=False,
        timeout=DEADLINE,
    )
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "opened.html").read_bytes() == (tmp_path / "a.html").read_bytes()


MISTAKES = {
    "a name that does not exist": ("<p>\n{{ toelichting }}", f"{TEMPLATE}, line 2: asks for toel"),
    "a tag that does not end": ("een\n\n{% if naam %}", f"{TEMPLATE}, line 3: Unexpected end"),
    "a tag where HTML has none": ("<p {{ naam }}>", f"{TEMPLATE}, line 1: within <"),
    "a call that fails": ("een\n{{ 1 // 0 }}", f"{TEMPLATE}, line 2: cannot be rendered"),
}


@pytest.mark.parametrize(("source", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_template_is_one_line_with_file_and_line(
    preview: Preview, tmp_path: Path, source: str, message: str
) -> None:
    own = write(tmp_path / "eigen", TEMPLATE, source)
    failed = preview(code=1, templates=str(own))
    assert failed.stderr.startswith(f"Error: {message}")
    assert len(failed.stderr.splitlines()) == 1
    assert failed.stdout == ""


def test_a_folder_or_a_sender_that_is_wrong_is_one_line(preview: Preview) -> None:
    failed = preview(code=1, templates="weg")
    assert failed.stderr == "Error: weg: no such folder (KLANTCONTACT_TEMPLATES)\n"
    assert preview(code=1, mail_from="geen adres").stderr == "Error: From: address has no @\n"


def test_a_file_of_ones_own_that_nothing_is_made_from_is_named(
    preview: Preview, tmp_path: Path
) -> None:
    own = write(tmp_path / "eigen", "stijl.css", "p { margin: 0; }")
    write(own, "klantcontact-toegevoegd/nl/bericht.htm", "<p>a</p>")
    shown = preview("--soort", "klantcontact-behandelaar", templates="eigen")
    misspelt = "eigen/klantcontact-toegevoegd/nl/bericht.htm"
    assert shown.stderr == f"Note: no mail is made from {misspelt}\n"


def test_what_is_no_text_on_the_command_line_is_shown_as_a_question_mark(preview: Preview) -> None:
    assert "zaak Z?\n" in preview("--zaak", "Z\udcff").stdout
