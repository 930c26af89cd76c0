"""What the processes of a run logged, as far as the judging of it needs that."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.faults.ledger import Key
    from tests.faults.workers import Life


@dataclass(slots=True)
class Logged:
    """One process: `registered` is when it said that it registered a message."""

    name: str
    asked: str | None
    ended: int | None
    sends: bool
    last: bool = False
    """Whether it ran to the end of the run, when every fault was over."""
    roles: frozenset[str] = frozenset()
    registered: dict[Key, float] = field(default_factory=dict)
    repeated: Counter[Key] = field(default_factory=Counter)
    outages: Counter[str] = field(default_factory=Counter)
    """By role."""
    broken_off: Counter[str] = field(default_factory=Counter)
    """By role: those of them that were in the middle of its work, as far as it says so."""
    let_go: Counter[str] = field(default_factory=Counter)
    """By role: given up in the end, as it took too long."""
    at_work: set[str] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)
    """Errors and lines that are no log at all."""


def read(life: Life) -> Logged:
    """Line by line; the last may not be whole, if the process was killed."""
    found = Logged(life.log.stem, life.asked, life.ended, life.of.sends, life.last)
    with life.log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            _note(found, line)
    return found


def _note(found: Logged, line: str) -> None:
    if not line.startswith("{"):
        found.unexpected.append(line.rstrip()[:200])
        return
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        return
    match said.get("event"):
        case "klantcontact":
            _message(found, said)
        case "start":
            found.roles = frozenset(said.get("rollen", ()))
        case "gereed":
            found.at_work.add(said.get("rol", ""))
        case "uitval":
            role = said.get("rol", "")
            found.outages[role] += 1
            found.broken_off[role] += role in found.at_work
            found.at_work.discard(role)
        case "losgelaten":
            found.let_go[said.get("rol", "")] += 1
        case "queue_gestremd" | "onleverbaar":
            # The fault is one that a person is to hear of; what becomes of it is looked at there.
            pass
        case event if said.get("level") in {"error", "critical"}:
            found.unexpected.append(f"{event} {said.get('error', '')} {said.get('plaats', '')}")


def _message(found: Logged, said: dict[str, Any]) -> None:
    key = str(said.get("applicatie")), str(said.get("bericht"))
    if said.get("outcome") == "geregistreerd":
        found.registered[key] = datetime.fromisoformat(said["timestamp"]).timestamp()
    elif said.get("outcome") == "herhaald":
        found.repeated[key] += 1


def all_of(lives: Iterable[Life]) -> list[Logged]:
    """Every process that ran."""
    return [read(each) for each in lives]
