"""A worker that does nothing, and is ended by whatever signal comes."""

from __future__ import annotations

import time

if __name__ == "__main__":
    print("asleep", flush=True)  # noqa: T201 (as a worker logs that it starts)
    time.sleep(600)
