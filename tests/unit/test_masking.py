from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.contacts import contact, opvoerder
from tests.facts import applicatie, autorisatie, betrokkene, zaak, zaaktype
from worker.cli.dead_letters.marking import lines
from worker.cli.dead_letters.masking import masked, masked_field
from worker.cli.dead_letters.shapes import FACTS, KLANTCONTACT, shape_of
from worker.domain.klantcontact import Klantcontact
from worker.domain.register import Applicatie, Autorisatie, Zaak, Zaaktype

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.cli.dead_letters.shape import Shape

MARK = "MERK"
NUMBER = -918273645
SHAPES = {"klantcontact": KLANTCONTACT, **FACTS}


def _all(shape: Shape) -> Iterator[Shape]:
    yield shape
    for each in (*shape.one.values(), *shape.many.values()):
        yield from _all(each)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)


NAMES = sorted({name for top in SHAPES.values() for each in _all(top) for name in each.names})


def _shown(document: object, *, fact: bool = False, reveal: bool = False) -> Any:  # noqa: ANN401 (any JSON)
    return masked(document, shape_of(document, fact=fact), reveal=reveal).document()


def test_every_model_that_comes_in_has_a_shape() -> None:
    models = {shape.model for shape in SHAPES.values()}
    assert models == {Klantcontact, Zaak, Zaaktype, Applicatie, Autorisatie}
    assert all(shape_of({"soort": name}, fact=True) is shape for name, shape in FACTS.items())


@pytest.mark.parametrize("name", SHAPES)
def test_every_field_of_every_model_is_classified_once(name: str) -> None:
    for shape in _all(SHAPES[name]):
        classified = [*shape.shown, *shape.personal, *shape.size, *shape.one, *shape.many]
        assert sorted(classified) == sorted(shape.names), shape.model
        assert set(shape.instead) <= set(shape.shown)


@pytest.mark.parametrize("name", SHAPES)
def test_what_holds_fields_has_the_shape_of_its_own_model(name: str) -> None:
    for shape in _all(SHAPES[name]):
        for field in shape.model.model_fields.values():
            part = shape.one.get(str(field.alias)) or shape.many.get(str(field.alias))
            assert list(_models(field.annotation)) == ([part.model] if part else [])


def test_what_the_contract_knows_to_be_impersonal_is_shown() -> None:
    given = contact(
        initiatief="gemeente",
        taal="nld",
        vertrouwelijk=True,
        correctie=True,
        vervolgOp="0192f0c1-0000-7000-8000-000000000000",
        gesprekspartners=[{"rol": "klant"}],
        uitkomst={"gelukt": False},
        afspraken=[{"uiterlijk": "2026-12-01", "door": "gemeente"}],
        documenten=[
            {
                "formaat": "text/plain",
                "omvang": 5,
                "sha256": "ab" * 32,
                "creatiedatum": "2026-11-23",
            }
        ],
        toelichting=...,
        opvoerder={"soort": "medewerker"},
    )
    assert _shown(given) == given


def test_what_a_fact_is_about_is_shown_and_who_is_in_it_is_not() -> None:
    shown = _shown(zaak(), fact=True)
    assert shown == {
        **zaak(),
        "omschrijving": "••• (31 characters)",
        "status": {
            "omschrijving": "••• (14 characters)",
            "datumGezet": "2026-11-01T09:00:00+01:00",
        },
        "betrokkenen": [
            betrokkene(
                identificatie="••• (16 characters)",
                naam="••• (16 characters)",
                email="••• (17 characters)",
            )
        ],
    }


def test_of_personal_values_only_their_size_is_told() -> None:
    shown = _shown(contact(opvoerder=opvoerder(naam="Jo"), onderwerp=12, eigen={"a": [1, 2]}))
    assert shown["toelichting"] == "••• (34 characters)"
    assert shown["opvoerder"]["naam"] == "••• (2 characters)"
    assert shown["onderwerp"] == "•••"
    assert shown["••• 1 (5 characters)"] == "••• (1 field)"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "Jan Jansen"),
        ("datumGezet", "Jan Jansen"),
        ("vertrouwelijk", "Jan Jansen"),
        ("vertrouwelijk", 1),
        ("taal", "jansen"),
        ("taal", "zzz zzz"),
        ("vervolgOp", "Jan"),
        ("initiatief", "Jan"),
        ("zaak", "Jan Jansen"),
        ("zaak", 900123456),
        ("documenten", {"titel": "Jan"}),
        ("documenten", ["Jan"]),
        ("opvoerder", "Jan"),
        ("opvoerder", ["Jan"]),
        ("gesprekspartners", [{"rol": "Jan Jansen"}]),
        ("afspraken", [{"door": "Mevrouw Jansen"}]),
        ("afspraken", [{"uiterlijk": "morgen"}]),
    ],
)
def test_a_value_that_is_not_what_its_field_is_for_is_masked(name: str, value: object) -> None:
    shown = json.dumps(_shown({name: value}), ensure_ascii=False)
    assert "•••" in shown
    assert "an" not in shown.replace(name, "").replace("uiterlijk", "")
    assert "900123456" not in shown


def test_the_language_of_a_betrokkene_is_shown_only_if_it_is_one() -> None:
    shown = _shown(zaak(betrokkenen=[betrokkene(taal="jan jansen")]), fact=True)
    assert shown["betrokkenen"][0]["taal"] == "••• (10 characters)"


@pytest.mark.parametrize("fact", [applicatie(), autorisatie("rol", "kcc"), zaaktype()])
def test_a_fact_of_another_kind_is_masked_by_its_own_fields(fact: dict[str, Any]) -> None:
    shown = _shown(fact, fact=True)
    hidden = {"clientIds", "omschrijving"} | ({"identificatie"} if "onderwerp" in fact else set())
    assert {name for name in fact if shown[name] != fact[name]} == hidden & fact.keys()


# With a space, a capital and no form of its own: in no field of the contract it is impersonal.
_MARKED = st.text("abc 0 -", max_size=5).map(lambda text: f"{MARK} {text}")
_VALUES = st.recursive(
    st.one_of(_MARKED, st.just(NUMBER), st.just(NUMBER + 0.5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(NAMES), _MARKED), inner, max_size=6),
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(st.one_of(st.sampled_from(NAMES), _MARKED), _VALUES, max_size=8),
    st.sampled_from(sorted(SHAPES)),
)
def test_nothing_of_what_the_sender_made_up_gets_out(document: dict[str, Any], name: str) -> None:
    tree = masked(document, SHAPES[name], reveal=False)
    printed = "\n".join(line.text for line in lines(tree, []))
    for told in (json.dumps(tree.document()), printed):
        assert MARK not in told
        assert str(NUMBER) not in told


@given(st.lists(st.one_of(st.sampled_from(NAMES), _MARKED, st.just(str(-NUMBER))), min_size=1))
def test_of_a_field_in_an_error_only_names_of_the_contract_get_out(parts: list[str]) -> None:
    field = masked_field(".".join(parts), KLANTCONTACT)
    assert MARK not in field
    assert str(-NUMBER) not in field


def test_of_a_field_in_an_error_the_known_part_is_shown() -> None:
    assert masked_field("documenten.0.sha256", KLANTCONTACT) == "documenten.0.sha256"
    assert masked_field("opvoerder.geheim", KLANTCONTACT) == "opvoerder.••• (6 characters)"
    assert masked_field("user_id", KLANTCONTACT) == "user_id"


@pytest.mark.parametrize("reveal", [False, True])
def test_of_a_document_its_size_is_shown_and_never_its_content(*, reveal: bool) -> None:
    shown = _shown(contact(documenten=[{"inhoud": "QUJD" * 1000}]), reveal=reveal)
    assert shown["documenten"] == [{"inhoud": "(about 3000 bytes in base64)"}]


def test_everything_else_is_shown_when_it_is_revealed() -> None:
    given = contact(eigen={"a": [1, {"b": None}]}, opvoerder=opvoerder(naam="Jo"))
    assert _shown(given, reveal=True) == given


@pytest.mark.parametrize("reveal", [False, True])
@pytest.mark.parametrize("document", [[1, 2], "tekst", 5, None, True])
def test_a_content_that_is_no_object_is_masked_as_a_whole(
    document: object, *, reveal: bool
) -> None:
    shown = _shown(document, reveal=reveal)
    assert shown == document if reveal else "•••" in str(shown)


@pytest.mark.parametrize("reveal", [False, True])
def test_of_very_much_the_first_part_is_shown_and_how_much_more_there_is(*, reveal: bool) -> None:
    many = [{"rol": "klant"}] * 600
    shown = _shown({"gesprekspartners": many, "toelichting": "x" * 20_000}, reveal=reveal)
    assert shown["gesprekspartners"][-1] == "••• (and 100 more)"
    assert len(shown["gesprekspartners"]) == 501
    assert len(shown["toelichting"]) < 10_100
    wide = _shown({f"naam{number}": 1 for number in range(600)}, reveal=reveal)
    assert wide["••• (and 100 more)"] is None
