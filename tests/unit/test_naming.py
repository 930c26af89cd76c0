"""What a refused message says of itself is not lost with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contacts import NOW, QUEUE, ZAAK, body, contact, delivery
from tests.fakes import FakeStore, Lines
from tests.tokens import FixedProofs, Refusing
from worker.domain.question import Policy
from worker.envelope import Named
from worker.formats import REGISTREREN
from worker.formats.naming import named
from worker.intake import Intake
from worker.judging import Judge
from worker.reading import Reader

if TYPE_CHECKING:
    from worker.envelope import Delivery, Rejection
    from worker.reading import Proofs

MOST = 1024 * 1024
SOURCE = "urn:nld:oin:00000000000000000000:systeem:kcc"
NAMESPACE = "http://schemas.denhaag.nl/mijnhaagsezaken/klantcontact/v1"


def event(**changes: object) -> dict[str, Any]:
    """An event of a type that is not ours; a change to `...` takes the attribute away."""
    fields = {
        "specversion": "1.0",
        "type": "nl.overheid.iets-anders",
        "source": SOURCE,
        "id": "een",
        "data": contact(),
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not ...}


def structured(**changes: object) -> Delivery:
    return sent(orjson.dumps(event(**changes)), "application/cloudevents+json")


def binary(**changes: object) -> Delivery:
    attributes = event(**changes)
    content = orjson.dumps(attributes.pop("data"))
    headers = {f"cloudEvents:{name}": value for name, value in attributes.items()}
    return delivery(content, content_type="application/json", headers=headers)


def sent(content: bytes, content_type: str, **properties: object) -> Delivery:
    return delivery(content, content_type=content_type, message_id="de property", **properties)


def xml(inside: str, root: str = "KlantcontactRegistratie", **properties: object) -> Delivery:
    text = f'<{root} xmlns="{NAMESPACE}">{inside}</{root}>'
    return sent(text.encode(), "application/xml", **properties)


FORMS = {"structured": structured, "binary": binary}
TOPS = (
    f"<BerichtId> een </BerichtId><Bron>{SOURCE}</Bron>"
    f"<ZaakIdentificatie>{ZAAK}</ZaakIdentificatie>"
)


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS)
def test_an_event_is_named_by_its_attributes_and_the_zaak_in_it(make: Any) -> None:  # noqa: ANN401 (either form)
    assert named(make(), MOST) == Named(SOURCE, "een", ZAAK)


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"source": ...}, (None, "een", ZAAK)),
        ({"source": ["a"]}, (None, "een", ZAAK)),
        ({"source": "u" * 501}, (None, "een", ZAAK)),
        ({"id": 7}, (SOURCE, None, ZAAK)),
        ({"id": "e\x07n"}, (SOURCE, None, ZAAK)),
        ({"id": "é" * 128}, (SOURCE, None, ZAAK)),
        ({"data": contact(zaak="with a space")}, (SOURCE, "een", None)),
        ({"data": contact(zaak=7)}, (SOURCE, "een", None)),
        ({"data": [ZAAK]}, (SOURCE, "een", None)),
    ],
    ids=str,
)
def test_a_part_that_has_not_its_form_is_left_out_and_the_others_are_not(
    make: Any,  # noqa: ANN401 (either form)
    changes: dict[str, Any],
    parts: tuple[str | None, ...],
) -> None:
    assert named(make(**changes), MOST) == Named(*parts)


def test_headers_name_an_event_whose_body_cannot_be_read() -> None:
    message = delivery(b"{", headers=dict(binary().headers), content_type="text/plain")
    assert named(message, MOST) == Named(SOURCE, "een")


def test_plain_json_is_named_by_what_stands_beside_it() -> None:
    found = named(sent(body(type="fax"), "application/json"), MOST)
    assert found == Named("urn:applicatie:callcenter", "de property", ZAAK)


def test_nobody_is_named_as_the_source_of_what_came_from_nobody() -> None:
    assert named(sent(body(), "application/json", user_id=None), MOST).source is None


@pytest.mark.parametrize(
    ("inside", "parts"),
    [
        (TOPS + "<Onbekend/>", (SOURCE, "een", ZAAK)),
        ("<Onbekend/>", ("urn:applicatie:callcenter", "de property", None)),
        ("<BerichtId>een</BerichtId><BerichtId>twee</BerichtId>", None),
        ("<BerichtId><Naam>een</Naam></BerichtId>", None),
    ],
    ids=["all", "none", "twice", "with an element in it"],
)
def test_a_registration_in_xml_is_named_by_its_elements_else_by_its_properties(
    inside: str, parts: tuple[str | None, ...] | None
) -> None:
    beside = ("urn:applicatie:callcenter", "de property", None)
    assert named(xml(inside), MOST) == Named(*(parts or beside))


def test_a_bare_klantcontact_in_xml_has_its_zaak_in_a_header() -> None:
    message = xml("<Onbekend/>", "Klantcontact", headers={"zaak": ZAAK})
    assert named(message, MOST).zaak == ZAAK


def test_of_a_body_that_is_too_large_nothing_is_read() -> None:
    message = structured()
    assert named(message, len(message.body) - 1) == Named()
    assert named(binary(), 10) == Named(SOURCE, "een")


@pytest.mark.parametrize("content_type", ["text/plain", None])
def test_what_is_of_no_known_format_names_nothing(content_type: str | None) -> None:
    assert named(delivery(body(), content_type=content_type), MOST) == Named()


@given(st.binary(max_size=50), st.sampled_from(["json", "cloudevents+json", "xml", "pdf"]))
def test_any_bytes_are_read_or_passed_over(content: bytes, kind: str) -> None:
    assert isinstance(named(sent(content, f"application/{kind}"), MOST), Named)


async def _refused(
    message: Delivery, proofs: Proofs | None = None, lines: Lines | None = None
) -> Rejection:
    store, log = FakeStore(), (lines or Lines()).log
    reader = Reader(proofs or FixedProofs(), MOST, {QUEUE: "callcenter"}, log)
    await Intake(reader, store, Judge(Policy(), ()), lambda: NOW, log).take([message])
    ((rejection,),) = store.dead_letters.values()
    return rejection


async def test_a_refused_event_is_named_by_its_own_id_wherever_it_is_told_of() -> None:
    lines = Lines()
    rejection = await _refused(structured(), lines=lines)
    assert (rejection.source, rejection.message_id, rejection.zaak) == (SOURCE, "een", ZAAK)
    (line,) = lines.of("klantcontact")
    assert (line["bericht"], line["source"], line["zaak"]) == ("een", SOURCE, ZAAK)


async def test_a_foreign_source_is_told_as_it_was_claimed() -> None:
    rejection = await _refused(structured(type=REGISTREREN, source="urn:applicatie:balie"))
    assert (rejection.code, rejection.source) == ("kanaal-niet-toegestaan", "urn:applicatie:balie")


async def test_the_zaak_of_what_has_a_wrong_field_is_known() -> None:
    assert (await _refused(delivery(body(type="fax")))).zaak == ZAAK


async def test_the_zaak_of_what_nobody_proved_is_known() -> None:
    assert (await _refused(delivery(), Refusing())).zaak == ZAAK
