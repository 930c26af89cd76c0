"""Whether somebody was told of a klantcontact, when and with what result, in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from worker.cli import calling
from worker.cli.hiding import counted
from worker.domain.notifications import Withheld

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WHY_NOT: Final[Mapping[str, str]] = {
    Withheld.AFGEMELD: "opted out",
    Withheld.GEEN_ADRES: "has no address",
    Withheld.ZAAKTYPE: "such mails are off for the zaaktype",
    Withheld.OPVOERDER: "entered it",
    Withheld.CORRECTIE: "a correction mails nobody",
    Withheld.ADRES_ONGELDIG: "has no working address",
}


def told(found: Mapping[str, Any]) -> str:
    """`found` is as `worker.postgres.told.Told.document` gives it."""
    say = _SAYING.get(found["toestand"])
    return say(found) if say else "on its way"


def why_not(reden: str | None) -> str:
    """A reason in words, and as the table has it."""
    words = WHY_NOT.get(reden or "")
    return f"{words} ({reden})" if words else str(reden)


def _withheld(found: Mapping[str, Any]) -> str:
    return f"no mail: {why_not(found['reden'])}"


def _waits(found: Mapping[str, Any]) -> str:
    if not found["herhaalt"]:
        return "waits to be sent"
    moment = found["eerderVerzonden"]
    return (
        f"to be sent anew; sent before, {calling.moment(moment)}" if moment else "to be sent anew"
    )


def _sent(found: Mapping[str, Any]) -> str:
    """A report that it is late may have come after it was sent."""
    sent, last = f"sent {calling.moment(found['verzonden'])}", found["laatste"]
    if last is None or last["toestand"] != "vertraagd":
        return sent
    return f"{sent}; not delivered yet {calling.moment(last['moment'])} ({last['status']})"


def _put_off(found: Mapping[str, Any]) -> str:
    tried, last = counted(found["pogingen"], "attempt"), found["laatste"]
    code = f", {last['code']}" if last and last["code"] else ""
    return f"put off until {calling.moment(found['opnieuw'])} ({tried}{code})"


def _failed(found: Mapping[str, Any]) -> str:
    last = found["laatste"]
    if last and last["toestand"] == "teruggekomen":
        sent = f"sent {calling.moment(found['verzonden'])}, " if found["verzonden"] else ""
        return f"{sent}came back {calling.moment(last['moment'])} ({last['status']})"
    code = f" ({last['code']})" if last and last["code"] else ""
    return f"not sent: failed{_heard(found)}{code}"


def _heard(found: Mapping[str, Any]) -> str:
    return f" {calling.moment(found['laatste']['moment'])}" if found["laatste"] else ""


def _unknown(found: Mapping[str, Any]) -> str:
    return f"sent{_heard(found)}, and not known whether it arrived"


_SAYING: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "achterwege": _withheld,
    "wacht": _waits,
    "verzonden": _sent,
    "uitgesteld": _put_off,
    "mislukt": _failed,
    "onzeker": _unknown,
}
