"""The dashboard for Grafana, as far as can be told without one."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests.monitoring import DASHBOARD, panels

pytestmark = pytest.mark.unit

every_panel = pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])


@every_panel
def test_a_panel_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]


def test_all_that_is_asked_is_asked_of_the_prometheus_that_is_chosen() -> None:
    (variable,) = DASHBOARD["templating"]["list"]
    chosen = {"type": variable["query"], "uid": f"${{{variable['name']}}}"}
    asking = [*panels(), *DASHBOARD["annotations"]["list"]]
    asking += [target for panel in panels() for target in panel["targets"]]
    assert [each["datasource"] for each in asking] == [chosen] * len(asking)


@every_panel
def test_each_line_of_a_panel_has_a_name_of_its_own(panel: dict[str, Any]) -> None:
    if panel["type"] == "timeseries":
        names = [each["legendFormat"] for each in panel["targets"]]
        assert all(names)
        assert len(set(names)) == len(names)


def test_no_two_panels_have_the_same_number() -> None:
    numbers = [each["id"] for each in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)


def test_no_panel_lies_over_another_or_beyond_the_edge() -> None:
    places = [each["gridPos"] for each in DASHBOARD["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert not [pair for pair in combinations(places, 2) if _overlap(*pair)]


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )
