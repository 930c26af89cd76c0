"""XML: the source's own type and all around it, and what somebody could do with a parser."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.contacts import NOW, ZAAK, delivery
from worker.errors import Code, Refusal, Violation
from worker.formats import decode, xml
from worker.formats.content import FORMS, parse_klantcontact
from worker.formats.xml_elements import NAMESPACE, ROOTS, Group, Sequence
from worker.formats.xsd import xsd

if TYPE_CHECKING:
    from collections.abc import Callable

    from worker.domain.klantcontact import Klantcontact
    from worker.envelope import Envelope

MOST = 8 * 1024 * 1024
SAMPLES = Path(__file__).parents[1] / "messages" / "xml"
BARE, WHOLE = ((SAMPLES / name).read_text() for name in ("klantcontact.xml", "registratie.xml"))
JSON = orjson.loads((SAMPLES.parent / "call.json").read_bytes())


def read(text: str | bytes, **properties: object) -> Envelope:
    content = text.encode() if isinstance(text, str) else text
    return decode(delivery(content, content_type="application/xml", **properties), NOW, MOST)


def klantcontact(text: str, **properties: object) -> Klantcontact:
    return parse_klantcontact(read(text, **properties).data)


def refused(text: str | bytes) -> list[Violation]:
    """Why it is refused, by the decoder or by the models behind it."""
    with pytest.raises(Refusal) as caught:
        parse_klantcontact(read(text).data)
    return list(caught.value.violations)


def why(text: str | bytes) -> list[tuple[str, str | None]]:
    return [(str(each.code), each.field) for each in refused(text)]


def with_moment(moment: str) -> str:
    return BARE.replace("20260105103500", moment)


def test_the_source_s_own_type_filled_in_is_the_contact_that_plain_json_has() -> None:
    fields = {name: JSON[name] for name in ("zaak", "datumGezet", "type", "toelichting")}
    opvoerder = {n: v for n, v in JSON["opvoerder"].items() if n != "organisatie"}
    plain = parse_klantcontact(orjson.dumps({**fields, "opvoerder": opvoerder}))
    contact = klantcontact(BARE, headers={"zaak": JSON["zaak"]}, message_id="een")
    assert (contact, contact.digest()) == (plain, plain.digest())


def test_a_registration_has_everything_that_plain_json_can_have() -> None:
    envelope = read(WHOLE, message_id="of the property", timestamp=NOW)
    assert envelope.key == (
        "callcenter",
        "urn:nld:oin:00000000000000000000:systeem:balie",
        "bericht-0001",
    )
    assert envelope.time == datetime(2026, 1, 5, 9, 36, tzinfo=UTC)
    contact = parse_klantcontact(envelope.data)
    plain = {
        **JSON,
        "taal": "nl",
        "documenten": [
            {
                "titel": "Gespreksnotitie",
                "formaat": "text/plain",
                "inhoud": "R2VzcHJla3Nub3RpdGll",
                "auteur": "Mieke Medewerker",
                "creatiedatum": "2026-01-05",
            },
            {
                "titel": "Opname",
                "formaat": "audio/ogg",
                "url": "https://opnames.example.nl/0001",
                "omvang": 123456,
                "sha256": "a" * 64,
            },
        ],
        "vervolgOp": "00000000-0000-7000-8000-000000000001",
    }
    assert contact == parse_klantcontact(orjson.dumps(plain))
    assert contact.digest() == parse_klantcontact(orjson.dumps(plain)).digest()


def test_without_its_own_id_source_and_time_a_registration_has_those_of_the_message() -> None:
    text = WHOLE
    for name in ("BerichtId", "Bron", "Tijdstip"):
        start, end = text.index(f"<{name}>"), text.index(f"</{name}>") + len(name) + 3
        text = text[:start] + text[end:]
    envelope = read(text, message_id="een")
    assert envelope.key == ("callcenter", "urn:applicatie:callcenter", "een")
    assert envelope.time == NOW


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-05T10:35:00+01:00", "2026-01-05T09:35:00+00:00"),
        ("2026-01-05T09:35:00Z", "2026-01-05T09:35:00+00:00"),
        ("2026-01-05T10:35:00.123+01:00", "2026-01-05T09:35:00.123000+00:00"),
        (" 2026-01-05T10:35:00+01:00\n", "2026-01-05T09:35:00+00:00"),
        ("20260105", "2026-01-04T23:00:00+00:00"),
        ("2026010510", "2026-01-05T09:00:00+00:00"),
        ("202601051035", "2026-01-05T09:35:00+00:00"),
        ("20260105103512", "2026-01-05T09:35:12+00:00"),
        ("202601051035121", "2026-01-05T09:35:12.100000+00:00"),
        ("2026010510351212", "2026-01-05T09:35:12.120000+00:00"),
        ("20260105103512123", "2026-01-05T09:35:12.123000+00:00"),
        ("20260705103512", "2026-07-05T08:35:12+00:00"),
    ],
)
def test_a_tijdstip_is_iso_8601_or_stuf_on_the_dutch_clock(written: str, moment: str) -> None:
    contact = klantcontact(with_moment(written))
    assert contact.datum_gezet == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-05T10:35:00",
        "2026-01-05",
        "20260230",
        "2026010525",
        "202601",
        "202601051",
        "202601051035121234",
        "2026-02-30T10:35:00Z",
        "gisteren",
        "",
        "٢٠٢٦٠١٠٥",
    ],
)
def test_what_is_no_tijdstip_is_refused_by_its_field(written: str) -> None:
    assert why(with_moment(written)) == [(Code.ONGELDIG, "datumGezet")]


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("<Type>call</Type>", "<Type>fax</Type>", Code.ONGELDIG, "type"),
        ("<Type>call</Type>", "", Code.ONGELDIG, None),
        ("<Soort>medewerker</Soort>", "<Soort>baas</Soort>", Code.ONGELDIG, "opvoerder.soort"),
        (
            "<Identificatie>mdw-0042",
            f"<Identificatie>{'m' * 101}",
            Code.ONGELDIG,
            "opvoerder.identificatie",
        ),
        (
            "<Identificatie>mdw-0042",
            "<Identificatie>mdw 0042",
            Code.ONGELDIG,
            "opvoerder.identificatie",
        ),
        ("<Formaat>text/plain", "<Formaat>text", Code.DOCUMENT_ONGELDIG, "documenten.0.formaat"),
        ("<Formaat>audio/ogg</Formaat>", "", Code.DOCUMENT_ONGELDIG, "documenten.1.url"),
        ("R2VzcHJla3Nu", "!!!", Code.DOCUMENT_ONGELDIG, "documenten.0.inhoud"),
        ("<Omvang>123456", "<Omvang>-1", Code.DOCUMENT_ONGELDIG, "documenten.1.omvang"),
        ("<Omvang>123456", f"<Omvang>{'9' * 5000}", Code.DOCUMENT_ONGELDIG, "documenten.1.omvang"),
        ("<Uiterlijk>2026-01-19", "<Uiterlijk>morgen", Code.ONGELDIG, "afspraken.0.uiterlijk"),
        ("<Gelukt>true", "<Gelukt>ja", Code.ONGELDIG, "uitkomst.gelukt"),
        ("<VervolgOp>", "<VervolgOp>x", Code.ONGELDIG, "vervolgOp"),
        ("<Onderwerp>", f"<Onderwerp>{'o' * 200}", Code.ONGELDIG, "onderwerp"),
        ("<Taal>nld", "<Taal>zz", Code.ONGELDIG, "taal"),
        ("<Type>call", '<Type a="b">call', Code.ONGELDIG, "type"),
        ("<ZaakIdentificatie>", "tekst<ZaakIdentificatie>", Code.ONGELDIG, None),
        ("<Tijdstip>2026-01-05T", "<Tijdstip>2026-02-31T", Code.ONGELDIG, "time"),
    ],
)
def test_what_does_not_keep_to_the_contract_is_refused_by_its_field(
    old: str, new: str, code: Code, field: str | None
) -> None:
    assert old in WHOLE
    assert why(WHOLE.replace(old, new)) == [(code, field)]


def test_an_address_without_https_is_asked_for_it() -> None:
    (found,) = refused(WHOLE.replace("<Url>https://", "<Url>http://"))
    assert (found.field, found.detail) == ("documenten.1.url", FORMS["url"])


def test_every_violation_is_told_at_once_and_none_shows_a_value() -> None:
    text = WHOLE.replace("<Soort>medewerker", "<Soort>GEHEIM").replace(">call<", ">GEHEIM<")
    text = text.replace("2026-01-19", "GEHEIM").replace("R2VzcHJla3Nu", "GEHEIM!")
    found = refused(text)
    assert {each.field for each in found} == {
        "documenten.0.inhoud",
        "opvoerder.soort",
        "type",
        "afspraken.0.uiterlijk",
    }
    assert "GEHEIM" not in str([each.detail for each in found])


def test_an_element_that_is_not_in_the_contract_is_named_and_known_as_made_up() -> None:
    (one,) = refused(WHOLE.replace("<Type>", "<Geheim>x</Geheim><Type>"))
    assert (one.field, one.made_up) == ("Geheim", True)
    assert one.detail.endswith("expected here: Type")


def test_a_thousand_violations_are_told_by_the_first_fifty() -> None:
    agreed = "<Afspraak><Omschrijving/></Afspraak>" * 49
    text = WHOLE.replace("<Afspraak>", f"{agreed}<Afspraak>", 1)
    assert len(refused(text)) == 49
    text = WHOLE.replace("<Afspraak>", f"{agreed * 30}<Afspraak>", 1)
    assert len(refused(text)) == 50


@pytest.mark.parametrize(
    "text",
    [
        f'<Klantcontacten xmlns="{NAMESPACE}"/>',
        "<html/>",
        WHOLE.replace("/v1", "/v2"),
        f'<Documenten xmlns="{NAMESPACE}"/>',
    ],
    ids=["another element", "no contact at all", "another version", "a part"],
)
def test_another_root_is_refused_with_the_names_of_those_that_are_taken(text: str) -> None:
    (one,) = refused(text)
    assert "KlantcontactRegistratie or Klantcontact" in one.detail


def test_a_part_of_another_namespace_is_refused() -> None:
    assert refused(WHOLE.replace("<Type>", '<Type xmlns="urn:x">'))
    assert refused(BARE.replace("<Type>", '<Type xmlns="urn:x">'))


LOL = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DEPTH = 100_000
UNREADABLE = {
    "empty": b"",
    "no xml": b"{}",
    "not closed": b"<Klantcontact>",
    "two roots": b"<Klantcontact/><Klantcontact/>",
    "no utf-8": b"<Klantcontact>\xff</Klantcontact>",
    "utf-16": BARE.replace("UTF-8", "UTF-16").encode("utf-16"),
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?><k>+ADw-/k>',
    "nul": b"<Klantcontact>\x00</Klantcontact>",
    "an escaped nul": b"<Klantcontact>&#0;</Klantcontact>",
    "an unknown entity": b"<Klantcontact>&x;</Klantcontact>",
    "a doctype": BARE.replace("<Klant", "<!DOCTYPE Klantcontact><Klant", 1).encode(),
    "an external dtd": b'<!DOCTYPE k SYSTEM "http://127.0.0.1:1/x.dtd"><Klantcontact/>',
    "a parameter entity": b'<!DOCTYPE k [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><k/>',
    "a file": b'<!DOCTYPE k [<!ENTITY f SYSTEM "file:///etc/passwd">]><Klantcontact>&f;</Klantcontact>',
    "laughs": f'<!DOCTYPE k [<!ENTITY l0 "lol">{LOL}]><Klantcontact>&l9;</Klantcontact>'.encode(),
    "laughs in an attribute": f'<!DOCTYPE k [<!ENTITY l0 "lol">{LOL}]><k a="&l9;"/>'.encode(),
    "a quadratic blow-up": f'<!DOCTYPE k [<!ENTITY a "{"a" * 100_000}">]>'
    f"<k>{'&a;' * 100_000}</k>".encode(),
    "depth": b"<a>" * DEPTH + b"</a>" * DEPTH,
    "a name of great length": b"<" + b"a" * 1_000_000 + b"/>",
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_it_cannot_be_read(content: bytes) -> None:
    assert why(content) == [(Code.ONLEESBAAR, None)]


def test_comments_instructions_and_quoted_markup_do_no_harm() -> None:
    toelichting = "<![CDATA[<!DOCTYPE html><p>Groeten & tot ziens</p>]]>"
    text = BARE.replace("Belt over de maten op de tekening.", toelichting)
    text = text.replace("<Type>", "<?style x?><!-- <!DOCTYPE --><Type><!-- een -->")
    contact = klantcontact("\ufeff" + text)
    assert contact.toelichting == "<!DOCTYPE html><p>Groeten & tot ziens</p>"
    assert contact.type == "call"


def test_a_text_is_kept_to_the_letter_and_around_a_token_white_space_does_not_count() -> None:
    text = BARE.replace("Belt over", "\n  Belt\n  over").replace(">call<", ">\n call <")
    contact = klantcontact(text)
    assert contact.toelichting == "\n  Belt\n  over de maten op de tekening."
    assert contact.type == "call"


def test_a_zaak_in_the_message_comes_before_one_in_the_header() -> None:
    assert klantcontact(WHOLE, headers={"zaak": "Z-1"}).zaak == "ZAAK-2026-0000001"
    assert klantcontact(BARE, headers={"zaak": ZAAK}).zaak == ZAAK


@pytest.mark.parametrize(
    ("properties", "field"),
    [({"headers": {"zaak": 7}}, "zaak"), ({"message_id": None}, "message_id")],
)
def test_a_bare_klantcontact_needs_what_stands_around_it(
    properties: dict[str, object], field: str
) -> None:
    with pytest.raises(Refusal) as caught:
        read(BARE, **properties)
    assert [each.field for each in caught.value.violations] == [field]


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_klantcontact_or_refused(content: bytes) -> None:
    _decides(content)


_NAMES = sorted(
    {part.name for root in ROOTS.values() for part in root.parts()}
    | {"Soort", "Identificatie", "Document", "Titel", "Formaat", "Inhoud", "Url", "Rol", "Vreemd"}
)
_TREES: st.SearchStrategy[str] = st.recursive(
    st.text("abcé <&>\n0129:-TZ", max_size=12).map(
        lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
    ),
    lambda inner: st.builds(
        lambda name, inside: f"<{name}>{''.join(inside)}</{name}>",
        st.sampled_from(_NAMES),
        st.lists(inner, max_size=4),
    ),
    max_leaves=15,
)


@given(st.sampled_from(sorted(ROOTS)), st.lists(_TREES, max_size=6))
def test_anything_like_a_registration_is_one_or_refused(root: str, inside: list[str]) -> None:
    _decides(f"<{root}>{''.join(inside)}</{root}>".encode())


def _decides(content: bytes) -> None:
    """Any outcome but an answer or a refusal is a defect."""
    with suppress(Refusal):
        parse_klantcontact(read(content).data)


def test_the_schema_takes_the_samples_and_is_the_same_every_time() -> None:
    schema = etree.XMLSchema(etree.fromstring(xsd().encode()))
    assert schema.validate(etree.fromstring(WHOLE.encode()))
    xsd.cache_clear()
    text = xsd()
    xsd.cache_clear()
    assert xsd() == text


def test_every_field_of_the_contract_has_its_element_and_every_element_its_field() -> None:
    def fields(group: Group) -> set[str]:
        found: set[str] = set()
        for part in group.parts():
            if isinstance(part, Group) and not part.field:
                found |= fields(part)
            else:
                found.add(part.field)
        return found

    def check(group: Group) -> None:
        properties: dict[str, Any] = group.model.model_json_schema(by_alias=True)["properties"]
        known = properties.keys()
        envelope = {"id", "source", "time"} if group.name == "KlantcontactRegistratie" else set()
        assert fields(group) - envelope <= set(known)
        if group.name not in {"Klantcontact", "Aanvulling"}:
            assert fields(group) - envelope == set(known)
        for part in group.parts():
            inner = part.item if isinstance(part, Sequence) else part
            if isinstance(inner, Group):
                check(inner)

    check(ROOTS["KlantcontactRegistratie"])


def test_the_limits_of_the_schema_are_those_of_the_models() -> None:
    by_length: dict[str, Callable[[int], str]] = {
        "toelichting": lambda size: BARE.replace("Belt", "B" * size),
        "onderwerp": lambda size: WHOLE.replace("Maten dakkapel", "o" * size),
        "uitkomst.omschrijving": lambda size: WHOLE.replace("Uitgelegd", "U" * size),
    }
    for field, longest, rest in (
        ("toelichting", 10_000, len(" over de maten op de tekening.")),
        ("onderwerp", 200, 0),
        ("uitkomst.omschrijving", 4000, len(" welke maten nodig zijn.")),
    ):
        make = by_length[field]
        assert klantcontact(make(longest - rest)).type == "call"
        assert why(make(longest - rest + 1)) == [(Code.ONGELDIG, field)]


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "US-ASCII", "UTF-16", "UTF-7"])
def test_another_encoding_than_utf_8_is_refused_even_if_only_declared(encoding: str) -> None:
    assert why(BARE.replace("UTF-8", encoding)) == [(Code.ONLEESBAAR, None)]


def test_part_with_and_part_without_the_namespace_is_refused() -> None:
    assert refused(BARE.replace("<Type>", f'<Type xmlns="{NAMESPACE}">'))
    assert refused(WHOLE.replace("<Type>", '<Type xmlns="">'))


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("20261025023000", "2026-10-25T00:30:00+00:00"),
        ("20260329033000", "2026-03-29T01:30:00+00:00"),
        ("19300101", "1929-12-31T23:40:28+00:00"),
    ],
)
def test_the_dutch_clock_is_read_as_it_stood_that_day(written: str, moment: str) -> None:
    assert klantcontact(with_moment(written)).datum_gezet == datetime.fromisoformat(moment)


@pytest.mark.parametrize("written", ["20260329023000", "00010101", "99991231235959"])
def test_a_moment_that_the_dutch_clock_never_showed_is_refused(written: str) -> None:
    assert why(with_moment(written)) == [(Code.ONGELDIG, "datumGezet")]


def test_a_number_may_begin_with_any_number_of_zeros() -> None:
    contact = klantcontact(WHOLE.replace("<Omvang>123456", f"<Omvang>{'0' * 5000}7"))
    assert contact.documenten[1].omvang == 7


def test_a_zaak_in_the_header_that_no_text_can_be_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        read(BARE, headers={"zaak": "\ud800"})
    assert [each.field for each in caught.value.violations] == ["zaak"]


def test_no_log_of_the_library_keeps_what_stood_in_a_message() -> None:
    refused(WHOLE.replace(">call<", ">GEHEIM<"))
    assert "GEHEIM" not in schema_log()
    # The same and new markup: in this thread, and in one of its own.
    refused(WHOLE.replace(">call<", "><GEHEIM/><"))
    refused("<Klantcontact>GEHEIM</GEHEIM>")
    with pytest.raises(etree.XMLSyntaxError) as caught:
        etree.fromstring(b"<a>")
    assert "GEHEIM" not in f"{caught.value.error_log} {schema_log()}"


def schema_log() -> str:
    return str(xml._schema().error_log)  # noqa: SLF001 (where a value would stay behind)


# In a process of its own, so that its memory is its own too.
_MEMORY = """
from pathlib import Path
from tests.contacts import NOW, delivery
from worker.errors import Refusal
from worker.formats import decode, xml

def pages():
    # Not getrusage's peak: that one begins at what the parent had.
    return int(Path("/proc/self/statm").read_text().split()[1])

def send(number):
    names = b"".join(b"<e%s%06d%06d/>" % (b"x" * 40, number, each) for each in range(18_000))
    bits = (format(number * 18_000 + each, "024b") for each in range(18_000))
    runs = (each.replace("0", " ").replace("1", chr(9)) for each in bits)
    blanks = "".join(f"<Naam/>{each}{' ' * 20}" for each in runs)
    for inside in (names, blanks.encode()):
        body = b"<Klantcontact>%s</Klantcontact>" % inside
        try:
            decode(delivery(body, content_type="application/xml"), NOW, 8 << 20)
        except Refusal:
            continue
        raise SystemExit("taken")

for number in range(5):
    send(number)
before = pages()
for number in range(5, 35):
    send(number)
print(pages() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system doesn't tell")
def test_memory_does_not_grow_with_the_names_of_messages() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", _MEMORY]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    # Thirty such messages in one thread keep 45 MiB.
    assert int(ran.stdout) * 4096 < 20 * 1024 * 1024


def test_a_message_of_a_hundred_thousand_errors_holds_nobody_up() -> None:
    attributes = " ".join(f'a{number}="x"' for number in range(70_000))
    start = time.process_time()
    refused(BARE.replace("<Klantcontact", f"<Klantcontact {attributes}", 1))
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE k SYSTEM "{url}"><k/>',
        '<!DOCTYPE k [<!ENTITY e SYSTEM "{url}">]><k>&e;</k>',
        '<!DOCTYPE k [<!ENTITY % p SYSTEM "{url}">%p;]><k/>',
        (
            '<k xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            ' xsi:noNamespaceSchemaLocation="{url}"/>'
        ),
        '<?xml-stylesheet href="{url}"?><k/>',
        '<k xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{url}"/></k>',
    ],
)
def test_nothing_is_fetched_whatever_a_message_names(text: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        refused(text.format(url=f"http://127.0.0.1:{server.getsockname()[1]}/x"))
        server.setblocking(False)  # noqa: FBT003 (the argument's only form)
        with pytest.raises(BlockingIOError):
            server.accept()


@given(
    st.lists(
        st.sampled_from(["<!-- a -->", "<?a b?>", " ", "\n", "<!-- <!DOCTYPE a> -->", "<?a >?>"]),
        max_size=5,
    ),
    st.sampled_from(
        ["", "\ufeff", '<?xml version="1.0"?>', "<?xml version='1.0' encoding='utf-8'?>"]
    ),
)
def test_a_doctype_is_refused_as_such_whatever_stands_before_it(
    before: list[str], declaration: str
) -> None:
    (one,) = refused(f"{declaration}{''.join(before)}<!DOCTYPE k><k/>")
    assert one.detail == "XML with a DOCTYPE is not taken"


@pytest.mark.parametrize(
    "text",
    [
        "<?xml " + 'encoding="" ' * 80_000,
        "<?xml " + "encoding= " * 80_000 + "?><k/>",
        "<?xml ?" + "x" * 1_000_000 + "?><k/>",
    ],
    ids=["encodings", "encodings without a value", "one that does not end"],
)
def test_a_declaration_is_read_once_however_long_it_is(text: str) -> None:
    # Tried anew from each of its places, a megabyte of it takes half an hour.
    assert why(text) == [(Code.ONLEESBAAR, None)]


def test_prefixes_are_gone_through_once_however_many_there_are() -> None:
    # Gone through for each element, as many as these take minutes.
    declared = " ".join(f'xmlns:n{number}="urn:{number}"' for number in range(15_000))
    text = f'<Klantcontact xmlns="{NAMESPACE}" {declared}>{"<n7:a/>" * 60_000}</Klantcontact>'
    (one,) = refused(text)
    assert (one.field, one.made_up) == ("a", True)


def test_the_encoding_is_the_declaration_s_and_no_other_text_s() -> None:
    text = BARE.replace("?>", '?><!-- encoding="latin-1" -->', 1)
    assert klantcontact(text, headers={"zaak": ZAAK}).zaak == ZAAK
