"""Facts of the register: lines of a file, and zaken by queue."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Final

import orjson

from tests.contacts import NOW, delivery
from tests.facts import betrokkene, register, zaak
from tests.fakes import FakeRegister, Lines
from tests.fuzz import judging
from tests.fuzz.judging import CANARY, MOST
from tests.fuzz.target import Target, finished
from worker.errors import Code
from worker.formats import ZAAK_BIJGEWERKT
from worker.importing import import_lines
from worker.register import ZakenIntake

if TYPE_CHECKING:
    from worker.importing import Import

_SKEW: Final = timedelta(minutes=1)


def lines(data: bytes) -> None:
    """A file: each line is a fact that can be stored, or is told of by its number."""
    store = FakeRegister()
    reports: list[Import] = []

    async def work() -> None:
        reports.append(
            await import_lines(
                BytesIO(data),
                store,
                now=NOW,
                sent=NOW,
                skew=_SKEW,
                by="beheer",
                advance=lambda _: None,
            )
        )

    finished(work())
    (report,) = reports
    assert report.lines >= report.stored + len(report.bad)
    assert all(0 < each.number <= data.count(b"\n") + 1 for each in report.bad)
    for fact in store.facts.values():
        judging.storable(fact)


def by_queue(data: bytes) -> None:
    """The same as the data of a CloudEvent, which only the zaaksysteem sends."""
    store, said = FakeRegister(), Lines()
    intake = ZakenIntake(store, "zaaksysteem", _SKEW, MOST, lambda: NOW, said.log)
    came = delivery(
        data,
        queue="klantcontact.zaken",
        user_id="zaaksysteem",
        message_id="een",
        headers={
            "cloudEvents:specversion": "1.0",
            "cloudEvents:type": ZAAK_BIJGEWERKT,
            "cloudEvents:source": "urn:nld:oin:00000001234567890000:systeem:zaken",
            "cloudEvents:id": "een",
        },
    )
    finished(intake.take([came]))
    assert len(store.facts) + len(store.rejected) == 1
    for rejection in store.rejected:
        assert Code.ONVERWACHT not in {each.code for each in rejection.violations}
        judging.kept(rejection)
    judging.secret(said.all)
    for fact in store.facts.values():
        judging.storable(fact)


_ZAAK: Final = orjson.dumps(
    zaak(
        omschrijving=f"Dakkapel van {CANARY}",
        einddatum="2026-12-01",
        time="2026-11-01T00:00:00Z",
        betrokkenen=[betrokkene(naam=CANARY, email=f"{CANARY}@example.nl", taal="eng")],
    )
)
_WORDS: Final = (
    b"\n",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"null",
    b"[]",
    b"9999-12-31",
    b"0001-01-01T00:00:00+23:59",
    b"zeer_geheim",
    b"klantcontactenToegestaan",
)
LINES: Final = Target(lines, (b"\n".join(map(orjson.dumps, register())), _ZAAK, b"\n\n{\n"), _WORDS)
BY_QUEUE: Final = Target(by_queue, (_ZAAK, *map(orjson.dumps, register())), _WORDS)
