"""`python -m tests.fuzz`: every target in turn; what is found stays in a folder.

`--seconds` is for each target; `--again FILE` runs what was found once more, without guidance.
What inputs reach something new is kept from run to run, so that a later run goes on from there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from tests.fuzz.target import Target

_FOLDER: Final = Path(__file__).parents[2] / ".fuzz"
_LONGEST_INPUT: Final = 64 * 1024
# An input that takes longer is a finding: the longest allowed takes a few milliseconds.
_SLOW_SECONDS: Final = 5
_MEMORY_MB: Final = 1024
_TAIL: Final = 25


def main() -> int:
    arguments = _arguments()
    if arguments.again is not None:
        TARGETS[arguments.again.parent.name].run(arguments.again.read_bytes())
        sys.stdout.write("nothing is wrong with it (any more)\n")
        return 0
    well = [_fuzz(name, arguments) for name in arguments.targets or TARGETS]
    return 0 if all(well) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument(
        "--seed", type=int, default=0, help="of libFuzzer; 0 takes one, and says it"
    )
    parser.add_argument("--again", type=Path, metavar="FILE", help="run one input again")
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - TARGETS.keys():
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    return arguments


def _fuzz(name: str, arguments: argparse.Namespace) -> bool:
    """Whether the target went on to the end of its time; if not, why, and how to see it again."""
    corpus, findings = _FOLDER / "corpus" / name, _FOLDER / "findings" / name
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    words = _FOLDER / f"{name}.dict"
    _write(TARGETS[name], corpus, words)
    command = [
        *(sys.executable, "-m", "tests.fuzz.guided", name),
        f"-max_total_time={arguments.seconds}",
        f"-seed={arguments.seed}",
        f"-max_len={_LONGEST_INPUT}",
        f"-timeout={_SLOW_SECONDS}",
        f"-rss_limit_mb={_MEMORY_MB}",
        f"-artifact_prefix={findings}/",
        f"-dict={words}",
        # Most of what reads JSON and XML is compiled, so that nothing is seen to be lost with the
        # fields of a seed.
        "-keep_seed=1",
        "-reduce_inputs=0",
        str(corpus),
    ]
    ended = subprocess.run(command, capture_output=True, check=False)
    lines = ended.stderr.decode("utf-8", "replace").splitlines()
    done = [each for each in lines if each.startswith("Done ")]
    if done and not ended.returncode:
        sys.stdout.write(f"{name}: {done[-1]}\n")
        return True
    sys.stdout.write(f"{name}: stopped with status {ended.returncode}\n")
    sys.stdout.write(ended.stdout.decode("utf-8", "replace"))
    sys.stdout.write("\n".join(lines[-_TAIL:]) + "\n")
    for each in sorted(set(findings.iterdir()) - before):
        sys.stdout.write(f"found: {sys.executable} -m tests.fuzz --again {each}\n")
    return False


def _write(target: Target, corpus: Path, words: Path) -> None:
    for seed in target.seeds:
        (corpus / sha256(seed).hexdigest()).write_bytes(seed)
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in target.words)
    words.write_text("".join(f'"{each}"\n' for each in escaped), encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
