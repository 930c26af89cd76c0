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
        (f"a{VALID}", f"a{VALID}"),
        (f"{VALID}f", f"{VALID}f"),
        (True, True),
        (None, None),
        (1.5, 1.5),
    ],
    ids=repr,
)
def test_what_passes_it_is_masked_wherever_it_stands(value: object, expected: object) -> None:
    assert bsn.masked(value) == expected


@pytest.mark.parametrize("value", [VALID, int(VALID), [VALID], {"x": f"a/{VALID}"}], ids=repr)
@pytest.mark.parametrize("form", ["json", "console"])
def test_no_line_of_the_log_has_one(
    form: str, value: object, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    logs.configure(Settings(log_format=form))
    try:
        logs.log().info("klantcontact", bericht=value, gewoon=INVALID)
    finally:
        structlog.reset_defaults()
    line = capfdbinary.readouterr().out.decode()
    assert "(bsn)" in line
    assert VALID not in line
    assert INVALID in line
    if form == "json":
        assert json.load(io.StringIO(line))["event"] == "klantcontact"
