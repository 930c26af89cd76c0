"""docs/metrics.md and the code name the same metrics, with the same labels."""

from __future__ import annotations

import re
from pathlib import Path

from worker import metrics

_PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
_NAME = re.compile(r"^\| `(klantcontact_[a-z_]+)(?:\{([a-z,]+)\})?` \| (\w+) \|")


def test_each_metric_is_on_the_page_with_its_kind_and_labels_and_no_other_is() -> None:
    found = (_NAME.match(line) for line in _PAGE.read_text().splitlines())
    listed = {
        each[1]: (each[3], tuple(each[2].split(",")) if each[2] else ()) for each in found if each
    }
    ours = {
        f"{metric.name}{'_total' if metric.type == 'counter' else ''}": (metric.type, labels)
        for collector in vars(metrics).values()
        if (labels := getattr(collector, "_labelnames", None)) is not None
        for metric in collector.collect()
    }
    assert listed == ours


def test_the_names_of_an_exposition_are_told() -> None:
    names = metrics.names()
    for name in ("messages_total", "registration_seconds_bucket", "outbox_rows"):
        assert f"klantcontact_{name}" in names
    assert not [name for name in names if name.endswith("_created")]
