"""What the JSON Schema says and what the worker does, side by side."""

from __future__ import annotations

import copy
import re
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import langcodes
import orjson
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator, ValidationError
from jsonschema.validators import extend

from tests.contacts import NOW, contact, delivery, opvoerder
from tests.facts import applicatie, autorisatie, betrokkene, zaak, zaaktype
from tests.judged import EARLIER, ask
from tests.parsing import document
from worker.contract import json_schema, models
from worker.contract.descriptions import DESCRIPTIONS
from worker.contract.examples import KLANTCONTACTEN, registration_event
from worker.contract.json_schema import REFUSED_NEVERTHELESS, TAKEN_NEVERTHELESS
from worker.domain.rules import content_is_given, correction_says_what, violations
from worker.errors import Refusal
from worker.formats import decode
from worker.formats.content import parse_klantcontact
from worker.outcomes import CONTENT_TYPE
from worker.register import parse_fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]
SCHEMA = json_schema.document()
MOST = 1024 * 1024


def _pattern(
    _validator: object, pattern: str, value: object, _schema: object
) -> Iterator[ValidationError]:
    """As ECMA-262 has it: Python's $ also matches before a last line end."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError(f"does not match {pattern}")


# Its stubs leave `extend` untyped.
VALIDATOR = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # the library has no types for it


def keeps_to_the_schema(value: object, name: str = "Klantcontact") -> bool:
    return bool(VALIDATOR({**SCHEMA, "$ref": f"#/$defs/{name}"}).is_valid(value))


def is_taken(value: object) -> bool:
    """Whether the worker reads it, and the rules that need no register let it through."""
    try:
        asked = replace(ask(), klantcontact=parse_klantcontact(orjson.dumps(value)))
    except Refusal:
        return False
    return not (content_is_given(asked) or correction_says_what(asked))


def test_it_is_a_schema_of_its_own_draft_and_of_asyncapi_s() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for schema in SCHEMA["$defs"].values():
        Draft7Validator.check_schema(schema)


def _references(value: object) -> Iterator[str]:
    match value:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for each in value.values():
                yield from _references(each)
        case list():
            for each in value:
                yield from _references(each)


def test_every_reference_leads_to_a_type_and_every_type_is_used() -> None:
    named = {each.removeprefix("#/$defs/") for each in _references(SCHEMA["$defs"])}
    begins = {"KlantcontactRegistreren", "ZaakBijgewerkt", "Feit"}
    begins |= {"KlantcontactGeregistreerd", "KlantcontactAfgewezen"}
    begins |= {"KlantcontactUitgesteld", "DeadLettersGroeien", "MailMislukt"}
    assert named | begins == set(SCHEMA["$defs"])


def test_every_model_and_every_field_is_described_and_nothing_else() -> None:
    made = models.definitions()
    fields = {f"{name}.{each}" for name in made for each in made[name].get("properties", ())}
    assert fields | set(made) == set(DESCRIPTIONS)


def test_no_name_of_the_code_s_own_is_in_it() -> None:
    text = orjson.dumps(SCHEMA).decode()
    assert not [
        name for name in ("datum_gezet", "vervolg_op", "max_vertrouwelijkheid") if name in text
    ]


def test_what_is_sent_has_no_other_fields_and_what_is_told_may_gain_some() -> None:
    sent = set(models.definitions())
    for name, schema in SCHEMA["$defs"].items():
        if schema.get("type") == "object":
            assert ("additionalProperties" in schema) is (name in sent)


@pytest.mark.parametrize(
    ("fact", "good"),
    [
        (zaak(), True),
        (zaak(betrokkenen=[betrokkene(email=None, taal="klingon")]), True),
        (zaak(betrokkenen=[betrokkene(bsn="1")]), False),
        (zaak(betrokkenen=[betrokkene()] * 501), False),
        (zaak(vertrouwelijkheidaanduiding="geheimst"), False),
        (zaak(status={"omschrijving": "x", "datumGezet": "gisteren"}), False),
        (zaak(einddatum="2026-13-01"), False),
        (zaak(soort="zaken"), False),
        (zaak(kleur="rood"), False),
        (zaaktype(), True),
        (zaaktype(notificaties="ja"), False),
        (applicatie(), True),
        (applicatie(types=["fax"]), False),
        (autorisatie("rol", "kcc"), True),
        (autorisatie("buur", "kcc"), False),
    ],
)
def test_a_fact_of_the_register_keeps_to_the_schema_if_it_is_taken(
    fact: Json, *, good: bool
) -> None:
    try:
        parse_fact(orjson.dumps(fact))
        taken = True
    except Refusal:
        taken = False
    assert (taken, keeps_to_the_schema(fact, "Feit")) == (good, good)


# Klantcontacten that are good, with any text where text may be; what is bad comes by mutation.
_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=9
)
_WORD = st.text(
    st.characters(min_codepoint=0x21, exclude_categories=["Cs"]), min_size=1, max_size=8
)
# Between 1900 and 9892, in seconds since 1970.
_MOMENT = st.integers(-2_200_000_000, 250_000_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat()
)
_DAY = st.none() | st.dates().map(date.isoformat)
_OPTIONAL = st.none() | _TEXT


def _inside(content: bytes) -> Json:
    text = b64encode(content).decode()
    return document(inhoud=text, omvang=len(content), sha256=sha256(content).hexdigest())


_BY_URL = document(inhoud=..., url="https://opnames.example.nl/1", sha256="a" * 64)
_DOCUMENT = st.one_of(
    st.binary(max_size=9).map(_inside),
    st.builds(document, auteur=_OPTIONAL, creatiedatum=_DAY),
    st.integers(0, 2**40).map(lambda size: {**_BY_URL, "omvang": size}),
)
_CONTACTS = st.fixed_dictionaries(
    {
        "datumGezet": _MOMENT,
        "type": st.sampled_from(SCHEMA["$defs"]["Type"]["enum"]),
        "opvoerder": st.builds(opvoerder, identificatie=_WORD, naam=_OPTIONAL),
        "toelichting": _TEXT.map(lambda text: f".{text}"),
    },
    optional={
        "zaak": st.none() | _WORD,
        "onderwerp": _OPTIONAL,
        "initiatief": st.sampled_from(["klant", "gemeente"]),
        "taal": st.sampled_from(["nl", "NL", "eng", "tlh"]),
        "vertrouwelijk": st.booleans(),
        "gesprekspartners": st.lists(st.fixed_dictionaries({"rol": _TEXT}), max_size=2),
        "uitkomst": st.none() | st.fixed_dictionaries({"gelukt": st.booleans()}),
        "afspraken": st.lists(
            st.fixed_dictionaries({"omschrijving": _TEXT}, optional={"uiterlijk": _DAY}),
            max_size=2,
        ),
        "documenten": st.lists(_DOCUMENT, max_size=2),
        "correctie": st.just(value=False),
        "vervolgOp": st.none() | st.uuids().map(str),
    },
)
_MOMENTS = [
    "2026-11-01T11:58:12+01:00", "2026-11-01t11:58:12.1234567890z", "2026-11-01 11:58:12Z",
    "2026-11-01T11:58Z", "2026-11-01T11:58:12+0100", "2026-11-01T11:58:12,5Z", "20260105",
    "-1700000000.5", "2026-11-01T11:58:12", "2026-02-30T11:58:12Z", "1900-01-01T00:00:00+01:00",
    "9998-12-31T23:59:59-01:00", "9999-01-01T00:00:00Z", "2026-11-01T24:00:00Z", "2026-11-01",
    "2026-11-01T23:59:60Z", "2026-11-01T11:58:12+24:00", "1899-12-31T23:59:59Z",
]  # fmt: skip
_FORMS = [
    "2026-02-29", "2024-02-29", "0000-01-01", "0", "1699920000", "2026-11-01T00:00:00Z",
    str(EARLIER), EARLIER.hex, f"{{{EARLIER}}}", f"urn:uuid:{EARLIER}", str(EARLIER)[:-1],
    "aGk=", "aGl=", "aGk", "aGk=\n", "====", "text/plain", "tekst/é", "text", "https://x",
    "http://x", "https://x y", "a" * 64, "A" * 64, "a" * 63,
]  # fmt: skip
_LENGTHS = [
    "x" * longest for edge in (100, 200, 2000, 4000, 10_000) for longest in (edge, edge + 1)
]
_JUNK = st.one_of(
    st.sampled_from(["nl", "NL", "eng", "xx", "zzz", "n1", "call", "klant"]),
    st.sampled_from([*_MOMENTS, *_FORMS, *_LENGTHS]),
    st.sampled_from(["", " ", "\x1f\u2003", "\ufeff", "a\n", "a\x00b", "a b"]),
    st.sampled_from([None, True, False, 0, 1, 5.0, 5.5, -1, 2**40, 2**41, [], {}, ["x"]]),
    _TEXT,
    _DOCUMENT,
)
_NAMES = st.sampled_from(
    sorted({path.partition(".")[2] for path in DESCRIPTIONS if "." in path} | {"kleur"})
)


def _places(value: object) -> Iterator[Any]:
    """Every object and every list within."""
    if isinstance(value, dict | list):
        yield value
        for each in value.values() if isinstance(value, dict) else value:
            yield from _places(each)


@st.composite
def mutated(draw: st.DrawFn) -> Json:
    made = copy.deepcopy(draw(_CONTACTS))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.sampled_from(list(_places(made))))
        _spoil(draw, place)
    return made


def _spoil(draw: st.DrawFn, place: Any) -> None:  # noqa: ANN401 (an object or a list)
    if isinstance(place, list):
        if draw(st.booleans()) and place:
            place *= draw(st.sampled_from([20, 21, 50, 51]))
        else:
            place.append(copy.deepcopy(draw(_JUNK)))
        return
    given_ones = st.sampled_from(sorted(place)) if place else _NAMES
    name = draw(given_ones | _NAMES)
    if name in place and draw(st.booleans()):
        del place[name]
    else:
        place[name] = copy.deepcopy(draw(_JUNK))


def _values(value: Json, *names: str) -> list[Any]:
    return [each[name] for each in _places(value) if isinstance(each, dict)
            for name in names if name in each]  # fmt: skip


def _texts(value: Json, *names: str) -> list[str]:
    return [each for each in _values(value, *names) if isinstance(each, str)]


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def _beyond_the_edge(text: str) -> bool:
    moment = datetime.fromisoformat(re.sub(r"\.\d+", "", text).upper())
    try:
        return not 1900 <= moment.astimezone(UTC).year < 9999
    except OverflowError:
        return True


def _differs_from_its_content(each: Json) -> bool:
    content = b64decode(each["inhoud"])
    digest = str(each.get("sha256") or sha256(content).hexdigest()).lower()
    size = len(content) if each.get("omvang") is None else each["omvang"]
    return digest != sha256(content).hexdigest() or size != len(content)


DAYS = ("datumGezet", "uiterlijk", "creatiedatum")
# Why a klantcontact that keeps to the schema is refused; the rest needs more than a klantcontact.
REFUSED: dict[str, Callable[[Json], bool]] = {
    "calendar": lambda made: not all(map(_is_day, _texts(made, *DAYS))),
    "edge": lambda made: any(
        _is_day(each) and _beyond_the_edge(each) for each in _texts(made, "datumGezet")
    ),
    "language": lambda made: not all(map(langcodes.tag_is_valid, _texts(made, "taal"))),
    "content": lambda made: any(
        _differs_from_its_content(each)
        for each in made.get("documenten", ())
        if each.get("inhoud") is not None
    ),
    "decimal": lambda made: any(isinstance(each, float) for each in _values(made, "omvang")),
}
_OTHER_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt _]\d\d:\d\d(:\d\d([.,]\d+)?)?([Zz]|[+\-−]\d\d:?\d\d)"
)
_OTHER_UUID = re.compile(r"(urn:uuid:)?[0-9a-f-]{36}|\{[0-9a-f-]{36}\}|[0-9a-f]{32}", re.IGNORECASE)
TAKEN: dict[str, Callable[[Json], bool]] = {
    "moment": lambda made: any(map(_OTHER_MOMENT.fullmatch, _texts(made, "datumGezet"))),
    "uuid": lambda made: any(map(_OTHER_UUID.fullmatch, _texts(made, "vervolgOp"))),
}


@settings(max_examples=1000)
@given(mutated())
@example(contact(toelichting="\x1c\u2003"))
@example(contact(toelichting="\ufeff"))
@example(contact(correctie=True, vervolgOp=str(EARLIER), toelichting=" "))
@example(contact(documenten=[document(url=None), _BY_URL]))
@example(contact(documenten=[{**_BY_URL, "sha256": None}]))
@example(contact(zaak="a\n"))
def test_the_schema_and_the_worker_agree_but_for_what_is_published(made: Json) -> None:
    keeps, taken = keeps_to_the_schema(made), is_taken(made)
    event(f"keeps: {keeps}, taken: {taken}")
    if keeps and not taken:
        assert [name for name, holds in REFUSED.items() if holds(made)]
    if taken and not keeps:
        assert [name for name, holds in TAKEN.items() if holds(made)]


WITNESSES: dict[str, Json] = {
    "calendar": contact(datumGezet="2026-02-30T11:58:12Z"),
    "edge": contact(datumGezet="1900-01-01T00:00:00+01:00"),
    "language": contact(taal="xx"),
    "content": contact(documenten=[document(omvang=6)]),
    "decimal": contact(documenten=[{**_BY_URL, "omvang": 5.0}]),
    "moment": contact(datumGezet="2026-11-01 11:58Z"),
    "uuid": contact(vervolgOp=EARLIER.hex),
}


@pytest.mark.parametrize("name", WITNESSES)
def test_each_difference_that_is_published_is_there(name: str) -> None:
    made = WITNESSES[name]
    refused = name in REFUSED
    assert (keeps_to_the_schema(made), is_taken(made)) == (refused, not refused)
    assert (REFUSED | TAKEN)[name](made)


def _event(**changes: object) -> Json:
    return {**registration_event(KLANTCONTACTEN["short"][1]), **changes}


def test_the_differences_that_lie_outside_a_klantcontact_are_there_too() -> None:
    long = _event(id="é" * 200)
    assert keeps_to_the_schema(long, "KlantcontactRegistreren")
    with pytest.raises(Refusal):
        decode(delivery(orjson.dumps(long), content_type=CONTENT_TYPE), NOW, MOST)
    twice = b'{"type": "call", ' + orjson.dumps(contact())[1:]
    assert keeps_to_the_schema(orjson.loads(twice))
    with pytest.raises(Refusal):
        decode(delivery(twice), NOW, MOST)
    nowhere = contact(zaak=None)
    assert keeps_to_the_schema(nowhere)
    assert violations(ask(zaak=None))
    assert set(REFUSED) | {"bytes", "json", "rules"} == set(REFUSED_NEVERTHELESS)
    assert set(TAKEN) == set(TAKEN_NEVERTHELESS)
    assert set(WITNESSES) == set(REFUSED) | set(TAKEN)


@pytest.mark.parametrize(
    "changes",
    [
        {"specversion": "0.3"},
        {"type": "nl.overheid.zaken.zaak-bijgewerkt"},
        {"id": ""},
        {"id": 7},
        {"id": "a\nb"},
        {"id": "x" * 256},
        {"source": "x" * 501},
        {"time": "gisteren"},
        {"datacontenttype": "text/xml"},
        {"data": {}},
    ],
)
def test_an_event_that_is_refused_does_not_keep_to_the_schema(changes: Json) -> None:
    made = _event(**changes)
    assert not keeps_to_the_schema(made, "KlantcontactRegistreren")
    with pytest.raises(Refusal):
        parse_klantcontact(
            decode(delivery(orjson.dumps(made), content_type=CONTENT_TYPE), NOW, MOST).data
        )
