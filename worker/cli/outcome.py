"""What became of a message, as the reply to its sender tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
import typer

from worker.cli import calling
from worker.outcomes import AFGEWEZEN, GEREGISTREERD, UITGESTELD

REGISTERED: Final = "geregistreerd"
PUT_OFF: Final = "uitgesteld"
_NAMES: Final = {GEREGISTREERD: REGISTERED, AFGEWEZEN: "afgewezen", UITGESTELD: PUT_OFF}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply: `geregistreerd`, `afgewezen` or `uitgesteld`, and the CloudEvent that says so."""

    name: str
    event: dict[str, Any]

    @property
    def registered(self) -> bool:
        """Whether there is a klantcontact now."""
        return self.name == REGISTERED

    def document(self) -> dict[str, Any]:
        """What `--json` says of it."""
        part = "klantcontact" if self.registered else "probleem"
        return {"outcome": self.name, part: self.event["data"][part], "event": self.event}

    def lines(self) -> Iterator[str]:
        """For a person: what came of it, or every reason why nothing did."""
        data = self.event["data"]
        if self.registered:
            where = f"in zaak {data['zaak']}" if data["zaak"] else "without a zaak"
            yield f"Registered: klantcontact {data['klantcontact']} {where}"
            return
        problem = data["probleem"]
        if self.name == PUT_OFF:
            yield "Put off: the zaak is not known yet. It is registered as soon as it is, or else"
            yield f"  refused; until then it is dead letter {_last(problem['instance'])}"
            return
        yield f"Refused: {problem['title']} ({_last(problem['type'])})"
        for each in problem["errors"]:
            field = f"{_printable(each['field'])}: " if each["field"] else ""
            yield f"  {each['code']}: {field}{each['detail']}"
        yield f"Kept as dead letter {_last(problem['instance'])}"


@dataclass(frozen=True, slots=True)
class Sent:
    """What is known of a message that was published."""

    confirmed: bool
    outcome: Outcome | None = None

    @property
    def registered(self) -> bool:
        """Whether it is known to be registered."""
        return self.outcome is not None and self.outcome.registered


def final(outcome: Outcome) -> bool:
    """Whether no other outcome follows."""
    return outcome.name != PUT_OFF


def understand(reply: bytes) -> Outcome | None:
    """The outcome in a reply; None for what is none."""
    try:
        event = orjson.loads(reply)
        return Outcome(_NAMES[event["type"]], event)
    except (ValueError, KeyError, TypeError):
        return None


def tell(message_id: str, sent: Sent, *, waited: float | None, as_json: bool) -> None:
    """On the terminal; `waited` is how many seconds an answer was waited for, if one was."""
    if as_json:
        calling.print_json(_document(message_id, sent, waited=waited is not None))
        return
    if not sent.confirmed:
        typer.echo("Error: the broker did not take the message; its queue may be full", err=True)
        return
    typer.echo(f"Confirmed by the broker: message {message_id}")
    if sent.outcome is not None:
        for line in sent.outcome.lines():
            typer.echo(line)
    elif waited is not None:
        typer.echo(
            f"Error: no answer within {waited:g} s: what became of it is unknown, not lost."
            f" Sending it again with --id {message_id} is safe.",
            err=True,
        )


def _document(message_id: str, sent: Sent, *, waited: bool) -> dict[str, Any]:
    document = {"id": message_id, "confirmed": sent.confirmed}
    if not waited:
        return document
    if sent.outcome is None:
        return {**document, "outcome": None, "event": None}
    return {**document, **sent.outcome.document()}


def _last(urn: str) -> str:
    return urn.rpartition(":")[2]


def _printable(field: str) -> str:
    """A field that the sender made up may hold what a terminal obeys."""
    return "".join(each if each.isprintable() else "?" for each in field)
