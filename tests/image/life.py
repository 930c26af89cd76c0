"""The image, a stack for it to work with, and how the one is told of the other."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.image.held import sealed
from tests.image.room import SHOWN
from tests.image.started import Started
from worker.stack.ports import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.building import Built
    from tests.image.room import Room
    from worker.stack.state import StackState

SECONDS: Final = 60.0
"""What a command may take."""
_SHOWN: Final = "shown"


@dataclass(frozen=True, slots=True)
class Life:
    """An image, its stack, a folder for its secrets and its log, and the port of its probes."""

    image: Built
    state: StackState
    folder: Path
    port: int

    def entered(self, *words: str, **more: str) -> tuple[int, str]:
        """The status and the words of one command of the program, as the image's user."""
        command = (*self.image.configuration.entrypoint, *words)
        done = self._room(more).run(*command, seconds=SECONDS)
        return done.returncode, done.stdout

    def healthy(self) -> bool:
        """What the HEALTHCHECK's command says."""
        return not self._room({}).run(*self.image.configuration.healthcheck).returncode

    def start(self) -> Started:
        """What the image starts when nothing else is asked of it."""
        configuration = self.image.configuration
        command = (*configuration.entrypoint, *configuration.command)
        return Started.start(self._room({}), command, self.folder / "worker.log")

    def _room(self, more: dict[str, str]) -> Room:
        host, _, port = self.state.smtp.rpartition(":")
        environment = {
            "KLANTCONTACT_AMQP_URL_FILE": f"{SHOWN}/amqp-url",
            "KLANTCONTACT_POSTGRES_URL_FILE": f"{SHOWN}/postgres-url",
            "KLANTCONTACT_TOKEN_SECRETS_FILE": f"{SHOWN}/tokens.json",
            "KLANTCONTACT_SMTP_HOST": host,
            "KLANTCONTACT_SMTP_PORT": port,
            "KLANTCONTACT_MAIL_WINDOW": "0",
            # The network is the machine's: a free port of the loopback address.
            "KLANTCONTACT_HTTP_HOST": LOOPBACK,
            "KLANTCONTACT_HTTP_PORT": str(self.port),
        }
        return sealed(self.image, {**environment, **more}, self.folder / _SHOWN)


def show(state: StackState, folder: Path, context: Path) -> None:
    """Put in `folder` what the program is to see of the stack, as secrets are mounted.

    Whoever the program runs as may read them; the folder above lets nobody else in.
    """
    shown = folder / _SHOWN
    shown.mkdir()
    addresses = {
        "amqp-url": state.amqp,
        "postgres-url": state.postgres,
        "channel-url": state.users["callcenter"],
    }
    for name, text in addresses.items():
        (shown / name).write_text(text, encoding="utf-8")
    shutil.copy(state.token_secrets, shown / "tokens.json")
    shutil.copy(context / "worker/cli/demo/register.jsonl", shown)
    shutil.copy(context / "tests/messages/call.json", shown)
    for file in shown.iterdir():
        file.chmod(0o444)
