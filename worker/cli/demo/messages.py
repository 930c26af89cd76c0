"""The demo's messages: each with what is expected to become of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from worker.cli.message_file import CLOUD_EVENT, JSON
from worker.cli.signing import Choice
from worker.formats import REGISTREREN
from worker.rabbitmq.publishing import Publication
from worker.rabbitmq.topology import REGISTRATIE

FOLDER = Path(__file__).parent
REGISTER = FOLDER / "register.jsonl"

REGISTERED = "geregistreerd"
REPEATED = "herhaald"


class Sample(BaseModel):
    """One message as a channel sends it, right or wrong in one way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    as_: str
    expected: str
    """`geregistreerd`, `herhaald`, or the code that it is refused with."""
    about: str
    message: dict[str, Any] | None = None
    """The klantcontact as the contract has it."""
    raw: str | None = None
    """What goes over the wire in the place of `message`, which then only says what it is."""
    content_type: str = JSON
    padding: int = 0
    """So many characters of toelichting: a large message is not kept in a file."""
    user_id: str | None = ""
    user: str | None = None
    """The person that the token names, if not the opvoerder."""
    timestamp: datetime | None = None
    wave: int = 1
    """The second wave is sent when the first has been settled."""

    def publication(self) -> Publication:
        """What goes over the wire."""
        return Publication(
            exchange=REGISTRATIE,
            routing_key=self.as_,
            message_id=self.id,
            body=self._body(),
            content_type=self.content_type,
            user_id=self.as_ if self.user_id == "" else self.user_id,
            timestamp=self.timestamp,
        )

    def choice(self) -> Choice:
        """Whose token goes with it."""
        return Choice(self.as_, user=self.user)

    def _body(self) -> bytes:
        if self.raw is not None:
            return self.raw.encode()
        message = dict(self.message or {})
        if self.padding:
            message["toelichting"] = "x" * self.padding
        if self.content_type == CLOUD_EVENT:
            source = f"urn:voorbeeld:{self.as_}"
            event = {"specversion": "1.0", "type": REGISTREREN, "source": source, "id": self.id}
            message = {**event, "data": message}
        return json.dumps(message, ensure_ascii=False).encode()


def samples() -> Iterator[Sample]:
    """All of them, in the order of sending."""
    with (FOLDER / "berichten.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            values = json.loads(line)
            yield Sample(as_=values.pop("as"), **values)
