from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from worker.cli.register_page import block

if TYPE_CHECKING:
    from collections.abc import Mapping


def _lines(fact: Mapping[str, object], width: int = 80) -> list[str]:
    return [line.plain for line in block(fact, width)]


def test_a_block_begins_with_what_it_is_called_by_and_what_it_is() -> None:
    fact = {"identificatie": "bezwaar", "omschrijving": "Bezwaar maken", "klantcontacten": False}
    assert _lines(fact) == ["bezwaar  Bezwaar maken", "  klantcontacten uit"]


def test_a_value_and_its_name_stay_together_where_a_line_ends() -> None:
    fact = {"identificatie": "Z-1", "status": "In behandeling", "zaaktype": "bezwaar"}
    assert _lines(fact, 30) == ["Z-1", "  status In behandeling", "  zaaktype bezwaar"]


def test_as_many_values_as_fit_share_a_line() -> None:
    fact = {"identificatie": "Z-1", "status": "In behandeling", "zaaktype": "bezwaar"}
    assert _lines(fact, 41) == ["Z-1", "  status In behandeling  zaaktype bezwaar"]


def test_a_value_that_is_too_long_is_in_one_piece() -> None:
    assert _lines({"identificatie": "Z-1", "status": "x" * 90}) == ["Z-1", f"  status {'x' * 90}"]


def test_what_has_no_value_is_left_out() -> None:
    assert _lines({"identificatie": "Z-1", "omschrijving": None, "einddatum": None}) == ["Z-1"]


def test_lists_and_moments_are_as_people_read_them() -> None:
    fact = {
        "identificatie": "a",
        "types": ["mail", "e-mail"],
        "moment": datetime(2026, 1, 5, 9, tzinfo=UTC),
    }
    assert _lines(fact) == ["a", "  types mail, e-mail  moment 2026-01-05 10:00"]


def test_nothing_that_a_terminal_obeys_is_shown() -> None:
    assert _lines({"identificatie": "a\x1b[31m", "status": "\x07"}) == ["a?[31m", "  status ?"]
