"""Each target with inputs of Hypothesis, for a few seconds; `make fuzz` goes on from here."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.mutations import inputs
from tests.fuzz.targets import TARGETS

# KLANTCONTACT_FUZZ_EXAMPLES is for long runs: with 150 all of them take some seconds.
_EXAMPLES = int(os.environ.get("KLANTCONTACT_FUZZ_EXAMPLES", "150"))


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_do_nothing_that_they_must_not(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_that_comes_from_outside_does_what_it_must_not(name: str) -> None:
    @settings(max_examples=_EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(inputs(TARGETS[name]))
    def holds(data: bytes) -> None:
        TARGETS[name].run(data)

    holds()
