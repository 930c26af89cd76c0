"""The alerts, their page, and what they and the dashboard ask for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import typer
from prometheus_client import Counter, Gauge, Histogram

from tests.exported import EXPORTED, OWN
from tests.monitoring import ALERTS, TESTED, asked, grouped, selected
from worker import metrics
from worker.cli import app
from worker.settings import Settings

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).parents[2] / "docs/alerts.md").read_text(encoding="utf-8")
SECTIONS = {text.split()[0]: text for text in PAGE.split("\n## ")[1:]}
COMMANDS = sorted(set(re.findall(r"`klantcontact ([^`]+)`", " ".join(PAGE.split()))))

every_expression = pytest.mark.parametrize("where", asked())
every_alert = pytest.mark.parametrize("name", ALERTS)


@every_expression
def test_every_metric_that_is_asked_for_is_exported(where: str) -> None:
    assert {each.name for each in selected(asked()[where])} <= set(EXPORTED)


@every_expression
def test_a_metric_is_chosen_by_labels_and_values_that_it_has(where: str) -> None:
    for each in selected(asked()[where]):
        labels = EXPORTED[each.name or ""]
        for matcher in each.matchers.matchers:
            assert matcher.name in labels
            assert not labels[matcher.name] or set(matcher.value.split("|")) <= labels[matcher.name]


@every_expression
def test_what_is_put_together_is_told_apart_by_labels_that_it_has(where: str) -> None:
    for kept, names in grouped(asked()[where]):
        for name in names:
            assert kept <= set(EXPORTED[name])


def test_every_metric_of_the_program_is_asked_for() -> None:
    used = {each.name for expression in asked().values() for each in selected(expression)}
    # A histogram is three metrics, of which one will do.
    histogram = re.compile("_(bucket|sum|count)$")
    known = {histogram.sub("", str(name)) for name in used}
    assert {histogram.sub("", name) for name in OWN} <= known


@every_alert
def test_an_alert_says_how_urgent_it_is_what_happens_and_where_its_remedy_is(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")
    assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{name.lower()}"


def test_every_alert_has_a_section_and_every_section_an_alert() -> None:
    assert list(SECTIONS) == list(ALERTS)


@every_alert
def test_a_section_has_the_urgency_the_cause_the_check_and_the_remedy(name: str) -> None:
    section = SECTIONS[name]
    assert re.findall(r"^\*\*(\w+)\.\*\* ", section, re.MULTILINE) == ["Cause", "Check", "Remedy"]
    assert section.split()[1] == f"`{ALERTS[name]['labels']['severity']}`"


@every_alert
def test_an_alert_is_tested_to_fire_and_to_be_silent(name: str) -> None:
    expected = [each for each in TESTED if _about(each["expr"]) == name]
    assert any(each.get("exp_samples") for each in expected)
    assert any(not each.get("exp_samples") for each in expected)


def _about(expression: str) -> str | None:
    found = re.search(r'alertname="(\w+)"', expression)
    return found[1] if found else None


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_on_the_page_exists_with_its_options(line: str) -> None:
    command: Any = typer.main.get_command(app)
    words = line.split()
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    options = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("-")} <= options


def test_nothing_waits_for_its_zaak_as_long_as_the_alert_takes() -> None:
    rule = promql_parser.parse(ALERTS["KlantcontactWaitsTooLong"]["expr"])
    assert isinstance(rule, promql_parser.BinaryExpr)
    assert isinstance(rule.rhs, promql_parser.NumberLiteral)
    schedule = Settings.model_fields["deferrals"].default
    assert sum(each.total_seconds() for each in schedule) < rule.rhs.val


def test_the_names_and_labels_that_these_tests_know_are_those_of_the_program() -> None:
    ours = {
        name: {*collector._labelnames, *(("le",) if name.endswith("_bucket") else ())}  # noqa: SLF001 (there is no other way to ask)
        for collector in vars(metrics).values()
        if isinstance(collector, Counter | Gauge | Histogram)
        for name in _exported(collector)
    }
    assert {name: set(labels) for name, labels in OWN.items()} == ours


def _exported(collector: Counter | Gauge | Histogram) -> list[str]:
    (metric,) = collector.collect()
    return [name for name in metrics.names() if name.removeprefix(metric.name) in _ENDS]


_ENDS = {"", "_total", "_bucket", "_sum", "_count"}
