from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.contacts import body, opvoerder
from tests.parsing import document, parsed, reasons
from worker.errors import Code, Refusal
from worker.formats.content import parse_klantcontact


def at_the_edge(longest: int) -> list[tuple[str, bool]]:
    return [("x" * longest, True), ("x" * (longest + 1), False), ("é" * longest, True)]


LIMITS: list[tuple[str, dict[str, Any], bool]] = [
    *(("toelichting", {"toelichting": text}, good) for text, good in at_the_edge(10_000)),
    *(("onderwerp", {"onderwerp": text}, good) for text, good in at_the_edge(200)),
    *(("zaak", {"zaak": text}, good) for text, good in at_the_edge(100)),
    *(
        ("opvoerder.naam", {"opvoerder": opvoerder(naam=text)}, good)
        for text, good in at_the_edge(200)
    ),
    *(
        ("uitkomst.omschrijving", {"uitkomst": {"gelukt": True, "omschrijving": text}}, good)
        for text, good in at_the_edge(4000)
    ),
    *(("documenten", {"documenten": [document()] * count}, count <= 20) for count in (0, 20, 21)),
    *(
        ("gesprekspartners", {"gesprekspartners": [{"rol": "klant"}] * count}, count <= 50)
        for count in (50, 51)
    ),
    *(
        ("afspraken", {"afspraken": [{"omschrijving": "x"}] * count}, count <= 50)
        for count in (50, 51)
    ),
]


@pytest.mark.parametrize(("field", "changes", "good"), LIMITS)
def test_each_limit_holds_at_its_edge(field: str, changes: dict[str, Any], *, good: bool) -> None:
    if good:
        parsed(**changes)
    else:
        assert reasons(body(**changes)) == [(Code.ONGELDIG, field)]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("type", {"type": "fax"}),
        ("type", {"type": None}),
        ("zaak", {"zaak": ""}),
        ("zaak", {"zaak": "Z 1"}),
        ("zaak", {"zaak": "Z\n1"}),
        ("zaak", {"zaak": 7}),
        ("toelichting", {"toelichting": "a\x00b"}),
        ("toelichting", {"toelichting": ["a"]}),
        ("datumGezet", {"datumGezet": "2026-11-23T11:58:12"}),
        ("datumGezet", {"datumGezet": 1_700_000_000}),
        ("datumGezet", {"datumGezet": "gisteren"}),
        ("datumGezet", {"datumGezet": "1899-12-31T23:59:59Z"}),
        ("datumGezet", {"datumGezet": "9999-12-31T23:59:59-23:00"}),
        ("datumGezet", {"datumGezet": ...}),
        ("vertrouwelijk", {"vertrouwelijk": "ja"}),
        ("vertrouwelijk", {"vertrouwelijk": 1}),
        ("initiatief", {"initiatief": "buur"}),
        ("taal", {"taal": "nederlands"}),
        ("taal", {"taal": "xx"}),
        ("taal", {"taal": "n1"}),
        ("vervolgOp", {"vervolgOp": "niet-een-uuid"}),
        ("opvoerder", {"opvoerder": ...}),
        ("opvoerder", {"opvoerder": "mdw-0042"}),
        ("opvoerder.soort", {"opvoerder": opvoerder(soort="buur")}),
        ("opvoerder.identificatie", {"opvoerder": {"soort": "medewerker"}}),
        ("gesprekspartners.0.rol", {"gesprekspartners": [{"naam": "x"}]}),
        ("afspraken.0.omschrijving", {"afspraken": [{"omschrijving": ""}]}),
        ("afspraken.0.uiterlijk", {"afspraken": [{"omschrijving": "x", "uiterlijk": "morgen"}]}),
        ("uitkomst.gelukt", {"uitkomst": {}}),
        ("kleur", {"kleur": "rood"}),
        ("vervolg_op", {"vervolg_op": None}),
        ("opvoerder.bsn", {"opvoerder": opvoerder(bsn="123")}),
    ],
)
def test_what_is_not_in_the_contract_is_refused_by_its_field(
    field: str, changes: dict[str, Any]
) -> None:
    assert reasons(body(**changes)) == [(Code.ONGELDIG, field)]


def test_every_field_that_is_wrong_is_named_at_once() -> None:
    sent = body(type="fax", kleur="rood", datumGezet="gisteren", documenten=[{}])
    assert {field for _, field in reasons(sent)} == {
        "type",
        "kleur",
        "datumGezet",
        "documenten.0.titel",
        "documenten.0.formaat",
    }


def test_no_more_than_fifty_reasons_are_given_however_many_there_are() -> None:
    assert len(reasons(orjson.dumps({f"veld{number}": 1 for number in range(5000)}))) == 50


def test_no_value_is_repeated_in_a_reason() -> None:
    secret = "Voorbeeld Burger"
    sent = body(
        zaak=secret, type=secret, taal=secret, datumGezet=secret, vervolgOp=secret,
        documenten=[document(inhoud=secret, formaat=secret, url=secret, sha256=secret)],
        opvoerder=secret, initiatief=secret, vertrouwelijk=secret, correctie=secret,
    )  # fmt: skip
    with pytest.raises(Refusal) as caught:
        parse_klantcontact(sent)
    assert len(caught.value.violations) > 10
    assert secret not in repr(caught.value.violations)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": "\\ud800"}', b"{} {}", b"NaN", b"null", b"7"],
)
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    ((code, field),) = reasons(content)
    assert code in {Code.ONLEESBAAR, Code.ONGELDIG}
    assert field is None


@pytest.mark.parametrize("code", ["nl", "nld", "dut"])
def test_each_code_for_dutch_is_the_same(code: str) -> None:
    assert parsed(taal=code).taal == "nl"
    assert parsed(taal=code).digest() == parsed().digest()


@pytest.mark.parametrize(("code", "kept"), [("eng", "en"), ("en", "en"), ("tlh", "tlh")])
def test_a_language_is_kept_by_its_shortest_code(code: str, kept: str) -> None:
    assert parsed(taal=code).taal == kept


@pytest.mark.parametrize(
    "value", ["20260105", "1764064800", 17640648, 1.5, True, None, ["2026"]], ids=repr
)
def test_digits_are_no_moment_and_no_date(value: object) -> None:
    for changes in (
        {"datumGezet": value},
        {"afspraken": [{"omschrijving": "x", "uiterlijk": value or 0}]},
    ):
        with pytest.raises(Refusal) as caught:
            parse_klantcontact(body(**changes))
        assert "is needed" in caught.value.violations[0].detail
