from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.contacts import body, contact, opvoerder
from worker.cli import message_file
from worker.cli.message_file import CLOUD_EVENT, JSON, XML, Named
from worker.domain.klantcontact import OpvoerderSoort

EVENT = orjson.dumps({"specversion": "1.0", "data": contact()})
MDW = Named(OpvoerderSoort.MEDEWERKER, "mdw-0042")


def xml(content: str, namespace: str = "") -> bytes:
    return f"<Klantcontact {namespace}><Opvoerder>{content}</Opvoerder></Klantcontact>".encode()


PERSON = "<Soort> medewerker </Soort><Identificatie>mdw-0042</Identificatie>"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("een.json", body(), JSON),
        ("een.json", EVENT, CLOUD_EVENT),
        ("een.json", b"{", JSON),
        ("een.xml", b"geen xml", XML),
        ("-", xml(PERSON), XML),
        ("-", body(), JSON),
        ("-", EVENT, CLOUD_EVENT),
    ],
)
def test_the_format_is_told_from_the_name_and_the_content(
    name: str, content: bytes, kind: str
) -> None:
    assert message_file.content_type(Path(name), content) == kind


@pytest.mark.parametrize(
    "content",
    [body(), EVENT, xml(PERSON), xml(PERSON, 'xmlns="http://schemas.example.nl/kc/v1"')],
    ids=["JSON", "CloudEvent", "XML", "XML in a namespace"],
)
def test_the_opvoerder_is_found_in_every_format(content: bytes) -> None:
    assert message_file.opvoerder(content) == MDW


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"<Klantcontact>",
        xml("<Soort>medewerker</Soort>"),
        body(opvoerder=...),
        body(opvoerder="mdw-0042"),
        body(opvoerder={"soort": "buur", "identificatie": "b"}),
        body(opvoerder={"soort": "medewerker"}),
        orjson.dumps({"specversion": "1.0", "data": "tekst"}),
    ],
)
def test_a_message_that_names_nobody_is_no_error(content: bytes) -> None:
    assert message_file.opvoerder(content) is None


def test_no_other_file_is_read_for_an_entity(tmp_path: Path) -> None:
    (tmp_path / "elders").write_text("mdw-0042", encoding="utf-8")
    declared = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{tmp_path / "elders"}">]>'.encode()
    content = declared + xml("<Soort>medewerker</Soort><Identificatie>&e;</Identificatie>")
    assert message_file.opvoerder(content) is None


def test_each_soort_is_read() -> None:
    for soort in OpvoerderSoort:
        content = body(opvoerder=opvoerder(soort=soort.value))
        assert message_file.opvoerder(content) == Named(soort, "mdw-0042")
