"""`klantcontact`, also as `python -m worker`."""

from __future__ import annotations

from worker.cli import app


def main() -> None:
    """Run the command line."""
    app(prog_name="klantcontact")


if __name__ == "__main__":
    main()
