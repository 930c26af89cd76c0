from __future__ import annotations

import io
import json

import pytest
import structlog

from worker import bsn, logs
from worker.settings import Settings

# Made up, as the documentation of DigiD's test environment does: it passes the elfproef.
VALID = "999990019"
INVALID = "999990018"


def test_a_number_that_passes_the_elfproef_is_one() -> None:
    ones = [last for last in range(10) if bsn.is_one(f"{VALID[:-1]}{last}")]
    assert ones == [int(VALID[-1])]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (VALID, "(bsn)"),
        (int(VALID), "(bsn)"),
        (f"klant-{VALID}/1", "klant-(bsn)/1"),
        ([VALID, "x"], ["(bsn)", "x"]),
        ({VALID: {"a": VALID}}, {"(bsn)": {"a": "(bsn)"}}),
        (INVALID, INVALID),
        (int(INVALID), int(INVALID)),
        (f"1{VALID}", f"1{VALID}"),
        (f"balie{VALID}", "balie(bsn)"),
        (f"{VALID}F", "(bsn)F"),
        (f"01a2160e-a683-72c8-be2d-5fd{VALID}", f"01a2160e-a683-72c8-be2d-5fd{VALID}"),
        (f"01a2160e-a683-72c8-be2d-{VALID}5fd", f"01a2160e-a683-72c8-be2d-{VALID}5fd"),
        (f"5fd{VALID}" * 3, f"5fd{VALID}" * 3),
        (f"BSN{VALID}x", "BSN(bsn)x"),
        (f"\n{VALID}", "\n(bsn)"),
        (float(VALID), "(bsn)"),
        (True, True),
        (None, None),
        (1.5, 1.5),
    ],
    ids=repr,
)
def test_what_passes_it_is_masked_wherever_it_stands(value: object, expected: object) -> None:
    assert bsn.masked(value) == expected


# JSON writes these as escapes, which end in a letter or a digit.
ESCAPED = [("\n", "\t"), ("\b", "\f"), ("\0", "\0"), ("\x1f", "\x1f")]
ANYWHERE = [
    *(VALID, int(VALID), [VALID], {"x": f"a/{VALID}"}),
    *(f"{before}{VALID}{after}" for before, after in ESCAPED),
]


@pytest.mark.parametrize("value", ANYWHERE, ids=repr)
@pytest.mark.parametrize("form", ["json", "console"])
def test_no_line_of_the_log_has_one(
    form: str, value: object, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    logs.configure(Settings(log_format=form))
    try:
        logs.log().info("klantcontact", bericht=value)
    finally:
        structlog.reset_defaults()
    line = capfdbinary.readouterr().out.decode()
    assert "(bsn)" in line
    assert VALID not in line
    if form == "json":
        assert json.load(io.StringIO(line))["event"] == "klantcontact"
