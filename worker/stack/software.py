"""RabbitMQ's program: the machine's own, or Debian's packages unpacked into a folder of ours."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from worker.stack import debian
from worker.stack.errors import StackError
from worker.stack.lock import held

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES: Final = (
    "rabbitmq-server",
    "erlang-asn1",
    "erlang-base",
    "erlang-crypto",
    "erlang-eldap",
    "erlang-ftp",
    "erlang-inets",
    "erlang-mnesia",
    "erlang-os-mon",
    "erlang-parsetools",
    "erlang-public-key",
    "erlang-runtime-tools",
    "erlang-snmp",
    "erlang-ssl",
    "erlang-syntax-tools",
    "erlang-tftp",
    "erlang-tools",
    "erlang-xmerl",
)
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_SBIN: Final = "usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"
# The erl that Debian ships runs from /usr/lib/erlang, whatever ERL_ROOTDIR says.
_ROOTDIR: Final = re.compile(r"^(\s*ROOTDIR=).*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Software:
    """Where the server's script is, and the PATH on which it finds Erlang."""

    server: Path
    path: str

    def program(self, name: str) -> str:
        """The full path of one of Erlang's programs."""
        return shutil.which(name, path=self.path) or name


def find_or_unpack(folder: Path, report: Callable[[str], None], search: str) -> Software:
    """The machine's own RabbitMQ, or one unpacked in `folder`, now if need be.

    `search` is the PATH to look on. Raises StackError.
    """
    own = installed(search)
    if own is not None:
        return own
    # Resolved: its place is written into it, and must be one place for all who use it.
    unpacked = (folder / "rabbitmq").resolve()
    with held(folder / "rabbitmq.lock"):
        if not unpacked.exists():
            report("RabbitMQ: downloading and unpacking Debian's packages")
            _unpack(unpacked)
        return _at_home(unpacked)


def installed(search: str) -> Software | None:
    """The RabbitMQ that is installed on this machine, if there is one.

    Never Debian's /usr/sbin/rabbitmq-server: that becomes the user rabbitmq and runs the
    machine's service. The script that it wraps stands beside `rabbitmq-env`.
    """
    path = f"{search}:{SYSTEM_PATH}"
    if not all(shutil.which(program, path=path) for program in ("erl", "epmd")):
        return None
    candidates = sorted(Path("/").glob(_SBIN), reverse=True)
    candidates.append(Path("/opt/rabbitmq/sbin/rabbitmq-server"))
    on_path = shutil.which("rabbitmq-server", path=path)
    candidates.extend([Path(on_path).resolve()] if on_path else [])
    for server in candidates:
        if server.is_file() and server.with_name("rabbitmq-env").is_file():
            return Software(server, path)
    return None


def _unpack(folder: Path) -> None:
    try:
        debian.unpack(PACKAGES, folder)
    except debian.DebianError as error:
        message = (
            f"no RabbitMQ here, and Debian's packages can't be had ({error}): install RabbitMQ,"
            " or name an existing broker in KLANTCONTACT_STACK_AMQP"
        )
        raise StackError(message) from error


def _at_home(folder: Path) -> Software:
    """The unpacked RabbitMQ, told where it stands: a checkout can be moved."""
    erlang = folder / "usr/lib/erlang"
    script = erlang / "bin/erl"
    text = script.read_text(encoding="utf-8")
    here = _ROOTDIR.sub(lambda match: match[1] + shlex.quote(str(erlang)), text)
    if here != text:
        script.write_text(here, encoding="utf-8")
    server = next(folder.glob(_SBIN))
    return Software(server, f"{erlang / 'bin'}:{SYSTEM_PATH}")
