"""What is given to Prometheus and Grafana, and what it asks for there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import promql_parser
import yaml

DEPLOY: Final = Path(__file__).parents[1] / "deploy"
PROMETHEUS: Final = DEPLOY / "prometheus"
DASHBOARD: Final[dict[str, Any]] = json.loads(
    (DEPLOY / "grafana" / "klantcontact.json").read_text(encoding="utf-8")
)
ALERTS: Final[dict[str, dict[str, Any]]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
TESTS: Final = sorted(PROMETHEUS.glob("*.test.yaml"))
TESTED: Final[list[dict[str, Any]]] = [
    each
    for file in TESTS
    for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
    for each in test["promql_expr_test"]
]
"""What is expected in those: no `exp_samples` stand where nothing is to fire."""

# Grafana puts durations in their places.
_INTERVALS: Final = ("$__rate_interval", "$__interval", "$__range")


def panels() -> list[dict[str, Any]]:
    """Those that show something: a row is but a title."""
    return [each for each in DASHBOARD["panels"] if each["type"] != "row"]


def asked() -> dict[str, str]:
    """Every expression, by where it stands."""
    found = {name: rule["expr"] for name, rule in ALERTS.items()}
    for panel in panels():
        for target in panel["targets"]:
            found[f"{panel['id']} {panel['title']}, {target['refId']}"] = _timed(target["expr"])
    for each in DASHBOARD["annotations"]["list"]:
        found[f"annotation {each['name']}"] = _timed(each["expr"])
    return found


def _timed(expression: str) -> str:
    for each in _INTERVALS:
        expression = expression.replace(each, "5m")
    return expression


def selected(expression: str) -> list[promql_parser.VectorSelector]:
    """Each metric that is asked for, with what it is chosen by."""
    found: list[promql_parser.VectorSelector] = []

    def visit(each: promql_parser.Expr) -> None:
        if isinstance(each, promql_parser.VectorSelector):
            found.append(each)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


def grouped(expression: str) -> list[tuple[set[str], set[str]]]:
    """Of each aggregation the labels that it keeps, and the metrics that it is made of."""
    found: list[tuple[set[str], set[str]]] = []

    def visit(each: promql_parser.Expr) -> None:
        if isinstance(each, promql_parser.AggregateExpr):
            kept = set(each.modifier.labels) if each.modifier else set()
            found.append((kept, {one.name or "" for one in selected(each.expr.prettify())}))

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found
