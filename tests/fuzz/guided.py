"""One target, guided by which branches of the program its inputs reach (libFuzzer, by atheris).

Started by `python -m tests.fuzz`: libFuzzer ends its process at the first finding.
"""

from __future__ import annotations

import random
import sys

import atheris

with atheris.instrument_imports(include=["worker", "pamqp"]):
    from tests.fuzz.mutations import reshaped
    from tests.fuzz.targets import TARGETS

_RESHAPED = 0.25
_RANGE = 2**16


def mutated(data: bytes, longest: int, seed: int) -> bytes:
    """libFuzzer's own changes, and now and then another shape for JSON."""
    chance = random.Random(seed)
    if chance.random() < _RESHAPED:
        chosen = chance.randrange(_RANGE), chance.randrange(_RANGE), chance.randrange(_RANGE)
        data = reshaped(data, chosen)
        if len(data) <= longest:
            return data
    changed: bytes = atheris.Mutate(data, longest)
    return changed


def main() -> None:
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name].run, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
