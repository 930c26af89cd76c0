from __future__ import annotations

from tests.contacts import contact, opvoerder
from worker.cli.dead_letters.marking import Fault, lines
from worker.cli.dead_letters.masking import masked
from worker.cli.dead_letters.shapes import KLANTCONTACT


def _lines(document: object, *faults: tuple[str, str], reveal: bool = False) -> list[str]:
    tree = masked(document, KLANTCONTACT, reveal=reveal)
    return [
        "  " * line.depth + line.text + "".join(f"  <-- {each}" for each in line.faults)
        for line in lines(tree, [Fault(*each) for each in faults])
    ]


def test_a_content_is_shown_as_json_with_each_fault_beside_its_field() -> None:
    document = {"zaak": "Z", "opvoerder": {"soort": "medewerker", "naam": "Jo"}, "documenten": []}
    assert _lines(document, ("opvoerder.naam", "too short"), ("zaak", "a"), ("zaak", "b")) == [
        "{",
        '  "zaak": "Z",  <-- a  <-- b',
        '  "opvoerder": {',
        '    "soort": "medewerker",',
        '    "naam": "••• (2 characters)"  <-- too short',
        "  },",
        '  "documenten": []',
        "}",
    ]


def test_a_field_that_is_missing_stands_where_the_contract_has_it() -> None:
    shown = _lines(
        contact(datumGezet=..., opvoerder={}),
        ("datumGezet", "required"),
        ("opvoerder.soort", "required"),
        ("opvoerder.identificatie", "required"),
    )
    assert shown[1:4] == [
        '  "zaak": "ZAAK-2026-0000001",',
        '  "datumGezet": (missing),  <-- required',
        '  "type": "call",',
    ]
    assert shown[5:9] == [
        '  "opvoerder": {',
        '    "soort": (missing),  <-- required',
        '    "identificatie": (missing)  <-- required',
        "  }",
    ]


def test_a_field_of_an_object_that_is_missing_marks_the_object() -> None:
    assert '  "opvoerder": (missing)  <-- who' in _lines(
        {"type": "call"}, ("opvoerder.soort", "who")
    )


def test_an_item_that_is_not_there_marks_its_list() -> None:
    shown = _lines({"documenten": [{"titel": "x"}]}, ("documenten.3.titel", "gone"))
    assert '  "documenten": [  <-- gone' in shown


def test_what_is_wrong_in_an_item_stands_in_that_item() -> None:
    shown = _lines({"documenten": [{}, {"formaat": "a/b"}]}, ("documenten.1.titel", "required"))
    assert shown[2:6] == [
        "    {},",
        "    {",
        '      "titel": (missing),  <-- required',
        '      "formaat": "a/b"',
    ]


def test_a_name_that_the_sender_made_up_is_marked_by_its_number() -> None:
    faults = ("eigen.naam", "not in the contract"), ("a" * 100, "this neither")
    assert _lines({"eigen.naam": 1, "a" * 120: 2}, *faults) == [
        "{",
        '  "••• 1 (10 characters)": "•••",  <-- not in the contract',
        '  "••• 2 (120 characters)": "•••"  <-- this neither',
        "}",
    ]


def test_a_fault_of_no_place_in_the_content_marks_nothing() -> None:
    assert _lines({"type": "call"}, ("user_id", "unknown")) == ["{", '  "type": "call"', "}"]


def test_what_is_revealed_is_shown_however_it_is_built() -> None:
    document = contact(opvoerder=opvoerder(), eigen=[{"a": []}, None])
    assert _lines(document, reveal=True)[-7:] == [
        '  "eigen": [',
        "    {",
        '      "a": []',
        "    },",
        "    null",
        "  ]",
        "}",
    ]


def test_how_much_is_left_out_has_a_line() -> None:
    shown = _lines({"gesprekspartners": [{"rol": "klant"}] * 501})
    assert shown[-4:] == ["    },", "    ••• (and 1 more)", "  ]", "}"]
