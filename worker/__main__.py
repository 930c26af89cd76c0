"""`klantcontact`, also as `python -m worker`."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["worker"]:
        # Loading takes a second or more. A SIGTERM in that time would kill the process, and in a
        # container, whose first process it is, be lost. It waits until the worker handles it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    from worker.cli import app  # noqa: PLC0415 (loading comes after the signal)

    app(prog_name="klantcontact")


if __name__ == "__main__":
    main()
