from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.contacts import NOW
from worker.cli.told import WHY_NOT, told
from worker.domain.notifications import Withheld

LATER = NOW + timedelta(hours=1)
HEARD = {"moment": LATER, "toestand": "uitgesteld", "code": 450, "status": None}


def _entry(toestand: str, **changes: object) -> dict[str, Any]:
    empty = ("reden", "mail", "verzonden", "opnieuw", "laatste", "herhaalt", "eerderVerzonden")
    return {**dict.fromkeys(empty), "pogingen": 3, "toestand": toestand, **changes}


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (_entry("wacht"), "waits to be sent"),
        (_entry("wacht", herhaalt="x"), "to be sent anew"),
        (
            _entry("wacht", herhaalt="x", eerderVerzonden=NOW),
            "to be sent anew; sent before, 2026-11-23 13:00",
        ),
        (_entry("aangeboden"), "on its way"),
        (_entry("bezig"), "on its way"),
        (_entry("verzonden", verzonden=NOW), "sent 2026-11-23 13:00"),
        (
            _entry("verzonden", verzonden=NOW, laatste={**HEARD, "toestand": "verzonden"}),
            "sent 2026-11-23 13:00",
        ),
        (
            _entry(
                "verzonden",
                verzonden=NOW,
                laatste={**HEARD, "toestand": "vertraagd", "status": "4.4.1"},
            ),
            "sent 2026-11-23 13:00; not delivered yet 2026-11-23 14:00 (4.4.1)",
        ),
        (
            _entry("uitgesteld", opnieuw=LATER, laatste=HEARD),
            "put off until 2026-11-23 14:00 (3 attempts, 450)",
        ),
        (
            _entry("uitgesteld", opnieuw=LATER, pogingen=1),
            "put off until 2026-11-23 14:00 (1 attempt)",
        ),
        (
            _entry("mislukt", laatste={**HEARD, "toestand": "mislukt", "code": 550}),
            "not sent: failed 2026-11-23 14:00 (550)",
        ),
        (_entry("mislukt"), "not sent: failed"),
        (
            _entry(
                "mislukt",
                verzonden=NOW,
                laatste={**HEARD, "toestand": "teruggekomen", "status": "5.1.1"},
            ),
            "sent 2026-11-23 13:00, came back 2026-11-23 14:00 (5.1.1)",
        ),
        (
            _entry("mislukt", laatste={**HEARD, "toestand": "teruggekomen", "status": "5.1.1"}),
            "came back 2026-11-23 14:00 (5.1.1)",
        ),
        (
            _entry("onzeker", laatste={**HEARD, "toestand": "onzeker", "code": None}),
            "sent 2026-11-23 14:00, and not known whether it arrived",
        ),
        (_entry("achterwege", reden="afgemeld"), "no mail: opted out (afgemeld)"),
        (_entry("achterwege", reden="iets"), "no mail: iets"),
    ],
)
def test_a_line_says_whether_when_and_with_what_result(entry: dict[str, Any], line: str) -> None:
    assert told(entry) == line


def test_every_reason_has_its_words() -> None:
    assert set(WHY_NOT) == set(Withheld)
