from __future__ import annotations

import json
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.contacts import TOELICHTING, body, contact, delivery
from tests.dead_letters import Desk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from tests.dead_letters import Editor

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]
    WithEditor = Callable[[str], Editor]

MEND = """sed -i 's/"kleur": "rood"/"datumGezet": "2026-11-01T11:58:12+01:00"/' "$1" """


@pytest.fixture
def desk(run: Run, rows: Rows, database: str, tmp_path: Path) -> Desk:
    """With a dead letter whose datumGezet is missing and that has a field too many."""
    desk = Desk(run, rows, database, tmp_path)
    desk.put(delivery(body(datumGezet=..., kleur="rood")))
    return desk


@pytest.fixture
def editor(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> WithEditor:
    """Makes $EDITOR do something with the file $1."""
    monkeypatch.delenv("VISUAL", raising=False)

    def named(does: str) -> Editor:
        made = desk.editor(does)
        monkeypatch.setenv("EDITOR", made.command)
        return made

    return named


def test_it_begins_with_the_content_and_what_it_leaves_is_stored(
    desk: Desk, editor: WithEditor
) -> None:
    used = editor(MEND)
    said = desk.edit("--as", "piet", "--reason", "vergeten")
    assert "Changed: datumGezet, ?\n" in said.stdout
    assert json.loads(used.seen.read_bytes()) == contact(datumGezet=..., kleur="rood")
    assert used.mode == "600"
    assert not used.path.exists()
    assert [json.loads(content) for _, content in desk.versions()] == [contact()]
    # Whoever opens it sees all of it.
    assert [row[:3] for row in desk.handled()] == [
        ("reveal", "piet", "vergeten"),
        ("edit", "piet", "vergeten"),
    ]


def test_visual_goes_before_editor(
    desk: Desk, editor: WithEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(MEND)
    monkeypatch.setenv("VISUAL", "true")
    assert "Nothing was changed" in desk.edit().stdout


def test_a_text_that_is_not_changed_is_not_stored(desk: Desk, editor: WithEditor) -> None:
    used = editor("true")
    assert "Nothing was changed" in desk.edit().stdout
    assert desk.versions() == []
    assert not used.path.exists()


@pytest.mark.parametrize(
    ("does", "words"),
    [
        ("""sed -i 's/"call"/"fax"/' "$1" """, "type: Input should be"),
        ("""echo '{' > "$1" """, "not JSON in UTF-8"),
        ("""printf '\\377' > "$1" """, "no text in UTF-8"),
        ("""echo '{}' > "$1"; exit 3""", "the editor ended with exit status 3"),
        ("""echo > "$1" """, "nothing was left of it"),
        ("""rm "$1"; umask 0; echo '{}' > "$1" """, "this field is required"),
    ],
    ids=["worse", "no JSON", "no text", "failed", "empty", "another file"],
)
def test_what_was_written_is_kept_for_that_person_when_it_is_not_stored(
    desk: Desk, editor: WithEditor, does: str, words: str
) -> None:
    used = editor(does)
    result = desk.edit(code=1)
    assert words in result.stderr
    assert f"Your text is kept in {used.path};" in result.stderr
    assert stat.S_IMODE(used.path.stat().st_mode) == 0o600
    assert desk.versions() == []
    assert TOELICHTING not in result.output
    used.path.unlink()


def test_what_was_written_is_kept_when_somebody_else_was_before(
    desk: Desk, editor: WithEditor
) -> None:
    meanwhile = desk.folder / "meanwhile.py"
    meanwhile.write_text(
        "import sys, psycopg\n"
        "with psycopg.connect(sys.argv[1]) as connection:\n"
        "    connection.execute('update klantcontact.dead_letter set versie = 7')\n"
    )
    used = editor(f"{MEND}\n{sys.executable} '{meanwhile}' '{desk.database}'")
    result = desk.edit(code=1)
    assert "changed meanwhile; nothing stored" in result.stderr
    assert json.loads(used.path.read_bytes()) == contact()
    used.path.unlink()


@pytest.mark.parametrize("does", ["exit 1", 'rm "$1"', 'rm "$1"; exit 1'])
def test_one_that_fails_leaves_nothing_behind(desk: Desk, editor: WithEditor, does: str) -> None:
    used = editor(does)
    result = desk.edit(code=1)
    assert "nothing stored" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not used.path.exists()
    assert desk.versions() == []


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("/er/is/niets", "the editor /er/is/niets is not there"),
        ("'half", "the editor 'half is not there"),
        (" ", "the editor   is not there"),
        ("", "no editor is named"),
    ],
)
def test_one_that_is_not_there_is_told_and_reveals_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, named: str, words: str
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", named)
    result = desk.edit(code=1)
    assert words in result.stderr
    assert "--set, --unset or --file" in result.stderr
    assert desk.handled() == []


def test_one_that_cannot_be_run_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = desk.folder / "broken"
    broken.write_text("#!/er/is/niets\n")
    broken.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(broken))
    assert "cannot be run: No such file or directory" in desk.edit(code=1).stderr


@pytest.mark.parametrize("content", [b"{half", b"<x/>"])
def test_it_begins_with_the_text_of_what_cannot_be_read(
    desk: Desk, editor: WithEditor, content: bytes
) -> None:
    (desk.folder / "right.json").write_bytes(body())
    used = editor(f"""cp '{desk.folder}/right.json' "$1" """)
    desk.put(delivery(content))
    desk.edit()
    assert used.seen.read_bytes() == content
    assert [content for _, content in desk.versions()] == [body()]


def test_what_is_no_text_is_not_opened(desk: Desk, editor: WithEditor) -> None:
    used = editor("true")
    desk.put(delivery(b"\xff\xfe\x00"))
    assert "it is no text; give the whole content with --file" in desk.edit(code=1).stderr
    assert not used.seen.exists()
