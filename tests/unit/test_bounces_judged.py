"""`python -m tests.bounces`: a folder of mails held against what somebody expects of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import bounces, reports
from tests.reports import BURGER, fields

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_MAILS = {
    "gone.eml": (reports.postfix(), f"{BURGER}\tfailed\tno"),
    "full.eml": (reports.postfix(fields(status="5.2.2")), f"{BURGER}\tfailed\tyes"),
    "away.eml": (reports.out_of_office(), "\tautomatic\t?"),
    "words.eml": (reports.in_words(), "\tnone\tno"),
}


def _folder(folder: Path, **expected: str) -> Path:
    lines = ["# what somebody found"]
    for name, (body, line) in _MAILS.items():
        (folder / name).write_bytes(body)
        lines.append(f"{name}\t{expected.get(name.removesuffix('.eml'), line)}")
    (folder / "expected.tsv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_what_is_as_expected_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bounces.main(_folder(tmp_path)) == 0
    assert bounces.judge(tmp_path) == {
        "files": 4,
        "has a status part": 2,
        "read": 2,
        "marked": 1,
        "not marked": 1,
    }
    assert BURGER not in capsys.readouterr().out


def test_what_is_not_as_expected_is_named_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _folder(tmp_path, gone=f"{BURGER}\tfailed\tyes", away="\tfailed\t?")
    (folder / "broken.eml").write_bytes(
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.nl\n"
    )
    assert bounces.main(folder) == 1
    said = capsys.readouterr().out
    assert "gone.eml: wrongly marked\n" in said
    assert "away.eml: another action\n" in said
    assert "broken.eml: not read\n" in said
