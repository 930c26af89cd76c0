"""The moments that --since and --until take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.contacts import NOW
from worker.cli.periods import moment
from worker.errors import UsageError


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-23", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("2026-11-23T10:00", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23T10:00:00Z", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
    ],
)
def test_a_moment_is_of_the_netherlands_unless_it_says_otherwise(
    text: str, meant: datetime
) -> None:
    assert moment("--since", text, NOW) == meant


@pytest.mark.parametrize(
    "text", ["0001-01-01", "9999-12-31T23:59:59-01:00", "999999d", "gisteren", "3", "2026-02-30"]
)
def test_what_is_no_moment_that_the_database_takes_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="--since takes"):
        moment("--since", text, NOW)
