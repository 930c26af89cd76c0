"""RabbitMQ's program: the one that is asked for, the machine's own, or Debian's, unpacked."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from worker.stack import debian
from worker.stack.carried import carry
from worker.stack.chosen import RABBITMQ, folder_or_version
from worker.stack.errors import StackError
from worker.stack.lock import held
from worker.stack.packages import RABBITMQ as PACKAGES
from worker.stack.packages import RABBITMQ_VERSIONS as VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PROGRAMS: Final = (
    "usr/lib/erlang/bin/*",
    "usr/lib/erlang/erts-*/bin/*",
    "usr/lib/erlang/lib/*/priv/bin/*",
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

    @property
    def version(self) -> str:
        """RabbitMQ's version, as `4.0.5`, by the name of its main plugin; "" when it has none."""
        plugins = (self.server.parents[1] / "plugins").glob("rabbit-*")
        return next((path.name.removeprefix("rabbit-").removesuffix(".ez") for path in plugins), "")

    def program(self, name: str) -> str:
        """The full path of one of Erlang's programs."""
        return shutil.which(name, path=self.path) or name


def find_or_unpack(
    folder: Path, report: Callable[[str], None], search: str, asked: str = ""
) -> Software:
    """The RabbitMQ that is `asked` for, the machine's own, or one unpacked in `folder`.

    `asked` is a version or a folder's path. What is not unpacked yet is so now. `search` is the
    PATH to look on. Raises StackError.
    """
    if asked:
        wanted = folder_or_version(RABBITMQ, asked, VERSIONS)
        if isinstance(wanted, Path):
            return _in_folder(wanted, search)
        return _of_version(wanted, folder, report)
    own = installed(search)
    if own is not None:
        return own
    # Resolved: its place is written into it, and must be one place for all who use it.
    unpacked = (folder / "rabbitmq").resolve()
    with held(folder / "rabbitmq.lock"):
        if not unpacked.exists():
            report("RabbitMQ: downloading and unpacking Debian's packages")
            _unpack(unpacked, PACKAGES)
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


def _in_folder(folder: Path, search: str) -> Software:
    """A RabbitMQ in a folder: its own, as it is published, or a root that it is installed in."""
    for server in (folder / "sbin/rabbitmq-server", *sorted(folder.glob(_SBIN))):
        if server.with_name("rabbitmq-env").is_file():
            path = f"{folder / 'usr/lib/erlang/bin'}:{search}:{SYSTEM_PATH}"
            return Software(server, path)
    message = f"{RABBITMQ} is {folder}: there is no sbin/rabbitmq-server in it"
    raise StackError(message)


def _of_version(version: str, folder: Path, report: Callable[[str], None]) -> Software:
    """The RabbitMQ of Debian's release that has `version`, with libraries of its own."""
    release, packages = VERSIONS[version]
    unpacked = (folder / f"rabbitmq-{version}").resolve()
    with held(folder / "rabbitmq.lock"):
        if not unpacked.exists():
            report(f"RabbitMQ: downloading and unpacking that of Debian's {release}")
            _unpack(unpacked, packages, release)
        carry(unpacked, _PROGRAMS)
        software = _at_home(unpacked)
    if not software.version.startswith(f"{version}."):
        message = (
            f"{RABBITMQ} is {version}, and Debian's {release} has {software.version} by now:"
            " name a folder with the version that you mean"
        )
        raise StackError(message)
    return software


def _unpack(folder: Path, packages: Sequence[str], release: str | None = None) -> None:
    try:
        debian.unpack(packages, folder, release=release)
    except debian.DebianError as error:
        message = (
            f"no RabbitMQ here, and Debian's packages can't be had ({error}): install RabbitMQ,"
            " or name an existing broker in KLANTCONTACT_STACK_AMQP"
        )
        raise StackError(message) from error


def _at_home(folder: Path) -> Software:
    """The unpacked RabbitMQ, told where it stands: a checkout can be moved."""
    erlang = folder / "usr/lib/erlang"
    # A node of RabbitMQ 4 joins a cluster by way of another, started with the second of these.
    for script in (erlang / "bin/erl", *erlang.glob("erts-*/bin/erl")):
        text = script.read_text(encoding="utf-8")
        here = _ROOTDIR.sub(lambda match: match[1] + shlex.quote(str(erlang)), text)
        if here != text:
            script.write_text(here, encoding="utf-8")
    server = next(folder.glob(_SBIN))
    return Software(server, f"{erlang / 'bin'}:{SYSTEM_PATH}")
