"""What is given to Prometheus, to its own tool: the alerts, when they fire, and every query."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.monitoring import ALERTS, PROMETHEUS, TESTS, asked
from tests.promtool import find_or_unpack
from tests.waiting import DEADLINE
from worker.stack.debian import DebianError
from worker.stack.looking import default_root

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def promtool() -> Path:
    try:
        return find_or_unpack(default_root() / "software")
    except DebianError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no promtool: {error}")


def _run(promtool: Path, *arguments: str | Path) -> tuple[bool, str]:
    """Whether it is content, and what it said."""
    command = [str(promtool), *map(str, arguments)]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=5 * DEADLINE
    )
    return ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
def test_each_alert_fires_when_its_cause_is_made_and_is_silent_otherwise(
    promtool: Path, file: Path
) -> None:
    good, said = _run(promtool, "test", "rules", file)
    assert good, said


def test_the_tests_notice_an_alert_that_is_wrong(promtool: Path, tmp_path: Path) -> None:
    for each in PROMETHEUS.glob("alerts*.yaml"):
        shutil.copy(each, tmp_path)
    rules = tmp_path / "alerts.yaml"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace("watermark > 0", "watermark > 1"), encoding="utf-8")
    good, said = _run(promtool, "test", "rules", tmp_path / "alerts.test.yaml")
    assert not good
    assert "KlantcontactBrokerAlarm" in said


def test_the_example_configuration_is_one_and_reads_the_alerts(promtool: Path) -> None:
    good, said = _run(promtool, "check", "config", PROMETHEUS / "prometheus.yaml")
    assert good, said
    assert f"{len(ALERTS)} rules found" in said


def test_every_query_of_the_dashboard_is_one(promtool: Path, tmp_path: Path) -> None:
    queries = [expression for where, expression in asked().items() if where not in ALERTS]
    rules = [{"record": f"query_{at}", "expr": each} for at, each in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    # JSON is YAML.
    file.write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}), encoding="utf-8")
    good, said = _run(promtool, "check", "rules", file)
    assert good, said
    assert f"{len(queries)} rules found" in said
