"""The demo's messages: each with what is expected to become of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

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
    raw: str | None = None
    padding: int = 0
    """So many characters of toelichting: a large message is not kept in a file."""
    user_id: str | None = ""
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
            content_type="application/json",
            user_id=self.as_ if self.user_id == "" else self.user_id,
            timestamp=self.timestamp,
        )

    def _body(self) -> bytes:
        if self.raw is not None:
            return self.raw.encode()
        message = dict(self.message or {})
        if self.padding:
            message["toelichting"] = "x" * self.padding
        return json.dumps(message, ensure_ascii=False).encode()


def samples() -> Iterator[Sample]:
    """All of them, in the order of sending."""
    with (FOLDER / "berichten.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            values = json.loads(line)
            yield Sample(as_=values.pop("as"), **values)
