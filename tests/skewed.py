"""A worker on a machine whose clock is KLANTCONTACT_TEST_SKEW seconds ahead of the others."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import worker.clock

_SKEW = timedelta(seconds=float(os.environ["KLANTCONTACT_TEST_SKEW"]))
_RIGHT = worker.clock.now


def _wrong() -> datetime:
    return _RIGHT() + _SKEW


# Before any other module takes them from there.
vars(worker.clock).update(now=_wrong, database_now=worker.clock.ServerClock(_wrong))

if __name__ == "__main__":
    from worker.cli import app

    app()
