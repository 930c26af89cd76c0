from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.cli.dead_letters.headers import NEVER, headers, properties

TOKEN = "Bearer eyJhbGciOi.eyJzdWIi.c2ln"


@pytest.mark.parametrize("reveal", [False, True])
@pytest.mark.parametrize("name", ["authorization", "Authorization", "x-AUTHORIZATION-2"])
def test_a_token_is_never_shown(name: str, *, reveal: bool) -> None:
    given = {name: TOKEN, "diep": [{"authorization": TOKEN}]}
    shown = headers({"headers": given}, reveal=reveal)
    assert "eyJ" not in json.dumps(shown)
    assert shown["authorization"] == NEVER


@pytest.mark.parametrize("reveal", [False, True])
def test_headers_that_are_kept_as_a_text_are_not_shown(*, reveal: bool) -> None:
    shown = headers({"headers": f"{{'authorization': '{TOKEN}'}}"}, reveal=reveal)
    assert "eyJ" not in json.dumps(shown)
    assert "•••" in shown["headers"]


def test_headers_that_are_known_are_shown_and_others_are_not() -> None:
    given: dict[str, Any] = {
        "cloudEvents:specversion": "1.0",
        "cloudEvents_type": "nl.overheid.x",
        "cloudEvents:time": "2026-11-23T12:00:00Z",
        "cloudEvents:eigen": "Jansen",
        "zaak": "ZAAK-1",
        "x-delivery-count": 3,
        "x-first-death-reason": "delivery_limit",
        "x-first-death-queue": "Mevrouw Jansen",
        "x-death": [{"queue": "Jansen"}],
        "ontvanger": "jansen@example.nl",
        "naam": "Jansen",
    }
    shown = {name: given[name] for name in given if name not in {"cloudEvents:eigen", "naam"}}
    assert headers({"headers": given}, reveal=False) == {
        **shown,
        "x-first-death-queue": "••• (14 characters)",
        "x-death": "••• (1 item)",
        "ontvanger": "••• (17 characters)",
        "••• 1 (17 characters)": "••• (6 characters)",
        "••• 2 (4 characters)": "••• (6 characters)",
    }


def test_properties_without_a_value_are_left_out() -> None:
    kept: dict[str, Any] = {"headers": {}, "content_type": "application/json", "reply_to": None}
    assert properties(kept, reveal=False) == {"content_type": "application/json"}


_MARKED = st.text("abc 0-", max_size=5).map(lambda text: f"MERK {text}")
_NAMES = st.sampled_from(
    ["content_type", "content_encoding", "reply_to", "correlation_id", "timestamp", "time"]
)


@given(st.dictionaries(_NAMES, _MARKED))
def test_a_property_that_is_not_what_it_is_for_is_masked(given: dict[str, str]) -> None:
    assert "MERK" not in json.dumps(properties(given, reveal=False))


@given(
    st.dictionaries(
        _MARKED, st.one_of(_MARKED, st.lists(_MARKED), st.dictionaries(_MARKED, _MARKED))
    )
)
def test_of_headers_that_are_not_known_nothing_gets_out(given: dict[str, Any]) -> None:
    assert "MERK" not in json.dumps(headers({"headers": given}, reveal=False))


@pytest.mark.parametrize("reveal", [False, True])
def test_a_property_that_could_not_be_decoded_is_named(*, reveal: bool) -> None:
    kept = {"message_id": "een", "unreadable": {"timestamp": "is no moment"}, "headers": {}}
    assert properties(kept, reveal=reveal) == {
        "message_id": "een",
        "unreadable": {"timestamp": "is no moment"},
    }
