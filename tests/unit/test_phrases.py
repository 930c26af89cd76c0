"""Moments in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contacts import NOW
from worker.cli.phrases import ago, ahead


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(days=2, hours=3), "in 2 d"),
        (timedelta(hours=3), "in 3 h"),
        (timedelta(minutes=1), "in 1 min"),
        (timedelta(seconds=40), "in 40 s"),
        (timedelta(milliseconds=200), "in 1 s"),
        (timedelta(0), "now"),
        (timedelta(hours=-1), "now"),
    ],
    ids=str,
)
def test_what_is_to_come_is_told_to_the_second_when_it_is_near(wait: timedelta, words: str) -> None:
    assert ahead(NOW + wait, NOW) == words


@pytest.mark.parametrize(
    ("age", "words"), [(timedelta(seconds=59), "just now"), (timedelta(hours=3), "3 h ago")]
)
def test_what_was_is_told_in_the_largest_unit(age: timedelta, words: str) -> None:
    assert ago(NOW - age, NOW) == words
