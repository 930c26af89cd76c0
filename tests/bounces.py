"""`python -m tests.bounces FOLDER`: how the reader does on real bounces, a file each.

Nothing of FOLDER belongs in the repository: real bounces are full of personal data. Only file
names, codes and counts are printed. Beside the mails, FOLDER may have `expected.tsv`, a line for
each mail that somebody has judged, its columns parted by tabs:

    file        the path within FOLDER
    recipient   whom it is about; empty: anybody
    action      failed, delayed or another of a report; `automatic` for an answer of a machine;
                `none` for what no program can read
    exists      `no` if it says that the address does not exist, `yes` for any other reason, or
                `?` where nobody can tell

Empty lines and those that begin with `#` are left out. The exit status is 1 if a mail with a
status part was not read, an action is another, or an address is marked that exists; an address
that does not exist and is not marked is counted, and no more.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from worker import delivery_status
from worker.domain.undeliverable import undeliverable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.delivery_status import Report

_TABLE: Final = "expected.tsv"
_STATUS_PART: Final = re.compile(
    rb"^ ?content-type:[ \t]*message/(?:global-)?delivery-status", re.IGNORECASE | re.MULTILINE
)
_WRONG: Final = {"not read", "another action", "wrongly marked"}


@dataclass(frozen=True, slots=True)
class Expected:
    """One line of the table."""

    recipient: str
    action: str
    exists: str


def table(folder: Path) -> dict[str, Expected]:
    """What is expected, by file; nothing where there is no table."""
    file = folder / _TABLE
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {row[0]: Expected(*row[1:4]) for row in rows}


def findings(body: bytes, expected: Expected | None) -> Iterator[str]:
    """What is to be counted of one mail."""
    report = delivery_status.read(body)
    if _STATUS_PART.search(body):
        yield "has a status part"
        yield "read" if report.statuses else "not read"
    code = _mark(report, expected.recipient if expected else "")
    if code:
        yield "marked"
    if expected is None:
        return
    if expected.action not in _actions(report, expected.recipient):
        yield "another action"
    if expected.exists == "yes" and code:
        yield "wrongly marked"
    if expected.exists == "no" and not code:
        yield "not marked"


def _actions(report: Report, recipient: str) -> set[str]:
    if not report.statuses:
        return {"automatic" if report.automatic else "none"}
    return {each.action for each in report.statuses if not recipient or recipient in each.addresses}


def _mark(report: Report, recipient: str) -> str | None:
    """As the program does for a mail to that recipient."""
    for each in report.statuses:
        if each.action == "failed" and recipient in {"", each.addresses[0]}:
            return undeliverable(each.code, each.words)
    return None


def judge(folder: Path) -> Counter[str]:
    """Count over all files of a folder, and print each that is not as expected."""
    expected, counted = table(folder), Counter[str]()
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = str(file.relative_to(folder))
        if name == _TABLE:
            continue
        found = [*findings(file.read_bytes(), expected.get(name))]
        counted.update(["files", *found])
        for each in _WRONG.intersection(found):
            sys.stdout.write(f"{name}: {each}\n")
    return counted


def main(folder: Path) -> int:
    """Judge a folder, print the counts, and give the exit status."""
    counted = judge(folder)
    for name, count in counted.items():
        sys.stdout.write(f"{count:6} {name}\n")
    return 1 if _WRONG & counted.keys() else 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m tests.bounces FOLDER")
    sys.exit(main(Path(sys.argv[1])))
