from __future__ import annotations

from typing import Any

import pytest

from worker.cli.dead_letters.differences import differing
from worker.cli.dead_letters.paths import Change, change, changed
from worker.cli.dead_letters.shapes import KLANTCONTACT, ZAAK
from worker.errors import UsageError

DOCUMENT = {
    "type": "call",
    "opvoerder": {"soort": "medewerker"},
    "documenten": [{"titel": "een"}, {"titel": "twee"}, {"titel": "drie"}],
    "uitkomst": None,
    "eigen.naam": {"a": 1},
}


def _set(*sets: str, unset: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 (any JSON)
    return changed(DOCUMENT, KLANTCONTACT, [change(each) for each in sets], unset)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("type=call", "call"),
        ('type="call"', "call"),
        ("type=", ""),
        ("type=a=b", "a=b"),
        ("type=0042", "0042"),
        ("type=42", 42),
        ("type=true", True),
        ("type=null", None),
        ('type={"a":[1]}', {"a": [1]}),
        ("type={", "{"),
        ("type=NaN", "NaN"),
    ],
)
def test_a_value_is_json_or_else_the_text(text: str, value: object) -> None:
    assert change(text) == Change("type", value)


@pytest.mark.parametrize("text", ["type", "", "=x"])
def test_what_names_no_field_or_no_value_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="path=value"):
        change(text)


def test_a_value_with_a_name_twice_is_told() -> None:
    with pytest.raises(UsageError, match="twice"):
        change('opvoerder={"soort":1,"soort":2}')


def test_fields_are_set_and_taken_away_by_their_paths() -> None:
    made = _set("opvoerder.naam=Jo", "documenten.1.titel=nieuw", unset=("type",))
    assert made["opvoerder"] == {"soort": "medewerker", "naam": "Jo"}
    assert made["documenten"][1] == {"titel": "nieuw"}
    assert "type" not in made
    assert "type" in DOCUMENT


def test_items_keep_their_numbers_while_others_are_taken_away() -> None:
    made = _set(unset=("documenten.0", "documenten.2", "documenten.1.titel"))
    assert made["documenten"] == [{}]


def test_the_next_item_of_a_list_is_added() -> None:
    assert _set("documenten.3.titel=vier")["documenten"][3] == {"titel": "vier"}
    assert _set("afspraken.0.omschrijving=bel")["afspraken"] == [{"omschrijving": "bel"}]


def test_an_object_of_the_contract_that_is_not_there_is_made() -> None:
    assert _set("uitkomst.gelukt=true")["uitkomst"] == {"gelukt": True}


def test_a_name_with_dots_can_be_taken_away() -> None:
    assert "eigen.naam" not in _set(unset=("eigen.naam",))
    assert _set("eigen.naam=2")["eigen.naam"] == 2


@pytest.mark.parametrize(
    ("sets", "unsets", "words"),
    [
        (["documenten.5.titel=x"], [], "has 3 items"),
        (["documenten.-1=x"], [], "by their number"),
        (["documenten.01=x"], [], "by their number"),
        (["documenten.x=x"], [], "by their number"),
        (["documenten.99999999999999999999=x"], [], "by their number"),
        (["type.x=x"], [], "holds no fields"),
        (["niets.x=x"], [], "nor can the contract"),
        ([], ["niets"], "no niets"),
        ([], ["documenten.3"], "no documenten.3"),
        ([], ["uitkomst.gelukt"], "holds no fields"),
        (["type=a", "type=b"], [], "twice"),
        (["type=a"], ["type"], "twice"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(sets: list[str], unsets: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        _set(*sets, unset=tuple(unsets))


@pytest.mark.parametrize("document", [[], "tekst", None])
def test_what_has_no_fields_takes_none(document: object) -> None:
    with pytest.raises(UsageError, match="--file"):
        changed(document, KLANTCONTACT, [Change("type", "call")], [])


def test_the_paths_that_differ_are_told_and_no_value() -> None:
    after = {
        "type": "face",
        "opvoerder": {"soort": "betrokkene"},
        "documenten": [{"titel": "een"}, {"titel": "2"}, "drie"],
        "uitkomst": {"gelukt": True},
        "geheim": 1,
    }
    assert differing(DOCUMENT, after, KLANTCONTACT) == [
        "type",
        "opvoerder.soort",
        "uitkomst",
        "documenten.1.titel",
        "documenten.2",
        "?",
    ]


def test_a_list_of_another_length_differs_as_a_whole() -> None:
    after = {**DOCUMENT, "documenten": []}
    assert differing(DOCUMENT, after, KLANTCONTACT) == ["documenten"]


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0, False), (None, ...)])
def test_values_that_are_alike_in_python_alone_differ(one: object, other: object) -> None:
    before = {"correctie": one}
    after = {} if other is ... else {"correctie": other}
    assert differing(before, after, KLANTCONTACT) == ["correctie"]


def test_the_order_of_fields_is_no_difference() -> None:
    assert differing({"a": 1, "b": 2}, {"b": 2, "a": 1}, KLANTCONTACT) == []


def test_where_nothing_was_to_be_read_every_field_differs() -> None:
    after = {"soort": "zaak", "identificatie": "Z"}
    assert differing({}, after, ZAAK) == ["soort", "identificatie"]
