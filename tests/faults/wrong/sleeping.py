"""A worker that does nothing, and is ended by whatever signal comes."""

from __future__ import annotations

import time

if __name__ == "__main__":
    time.sleep(600)
