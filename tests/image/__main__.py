"""`python -m tests.image`: the Dockerfile, shown without Docker; see deploy/README.md.

Its stages are built in roots of their own; the last one's tree is looked through, mounted
read-only, and its program started there as the Dockerfile's user. Exit status 0 when all that was
looked at is as it should be, 1 when something is not, 2 where it can't be done.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tests.image import held, lived
from tests.image.base import BuildError, release
from tests.image.building import Builder
from tests.image.dockerfile import DockerfileError, stages
from tests.image.possible import CHECKOUT, impossible
from tests.image.report import Report
from worker.stack.errors import StackError
from worker.stack.looking import default_root
from worker.stack.running import running

out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def main() -> int:
    """Build, look, start; the exit status."""
    if why := impossible():
        err.print(f"Error: {why}")
        return 2
    report = Report(partial(out.print, markup=False, soft_wrap=True))
    root = default_root()
    root.mkdir(mode=0o700, exist_ok=True)
    try:
        with TemporaryDirectory(prefix="image-", dir=root) as name:
            _show(Path(name), report)
    except (BuildError, DockerfileError, StackError) as error:
        report.check("the Dockerfile's steps can be done", holds=False, details=[str(error)])
    out.print(f"{report.seen} things looked at, {report.wrong} wrong")
    return 1 if report.wrong else 0


def _show(folder: Path, report: Report) -> None:
    begun = time.monotonic()
    found = stages((CHECKOUT / "Dockerfile").read_text(encoding="utf-8"))
    base = found[0].base
    report.tell(f"debootstrap's minimal {release(base)} stands in for {base}")
    report.tell("(the same packages; slim leaves out their manuals and translations)")
    builder = Builder(folder, CHECKOUT, report.step)
    image = builder.build(found)
    runs = sum(builder.built[stage.name].runs for stage in found)
    took = time.monotonic() - begun
    report.check(f"{len(found)} stages, {runs} RUNs, built in {took:.0f} s", holds=True)
    held.hold(image, builder.image(base), report)
    held.hold_sealed(image, report)
    with running(default_root(), "image", report=report.tell) as state:
        lived.live(image, state, folder, CHECKOUT, report)


if __name__ == "__main__":
    sys.exit(main())
