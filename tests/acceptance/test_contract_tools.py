"""The published contract, to the tools of others: AsyncAPI's own parser, and xmllint.

That parser looks at no example of a 3.0 document: tests/unit/test_contract.py does.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.acceptance.conftest import FOREIGN
from tests.waiting import DEADLINE
from tests.xmllint import find_or_unpack, validates
from worker.contract.text_examples import KLANTCONTACT, REGISTRATIE
from worker.formats.xml_elements import NAMESPACE
from worker.stack.debian import DebianError
from worker.stack.looking import default_root

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "docs" / "contract"
SAMPLES = ROOT / "tests" / "messages" / "xml"


def _parsed(modules: Path, file: Path) -> dict[str, Any]:
    ended = subprocess.run(
        ["node", str(FOREIGN / "parse.js"), str(file)],
        env={**os.environ, "NODE_PATH": str(modules)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=DEADLINE,
    )
    report: dict[str, Any] = orjson.loads(ended.stdout)
    return report


def test_asyncapi_s_own_parser_finds_nothing_to_say(modules: Path) -> None:
    report = _parsed(modules, CONTRACT / "asyncapi.json")
    found = {each["code"]: each for each in report["diagnostics"]}
    # Information, no warning: 3.1 adds nothing for AMQP, and more tools read 3.0.
    assert found.pop("asyncapi-latest-version", {"severity": 2})["severity"] == 2
    assert not found
    written = orjson.loads((CONTRACT / "asyncapi.json").read_bytes())
    assert (report["channels"], report["operations"], report["messages"]) == (
        len(written["channels"]),
        len(written["operations"]),
        len(written["components"]["messages"]),
    )


@pytest.mark.parametrize(
    "spoilt",
    [
        {"operations": {"x": {"action": "take", "channel": {"$ref": "#/channels/zaken"}}}},
        {"operations": {"x": {"action": "send", "channel": {"$ref": "#/channels/none"}}}},
        {"channels": {"x": {"address": "x", "bindings": {"amqp": {"is": "topic"}}}}},
    ],
    ids=["an action", "a reference", "a binding"],
)
def test_that_parser_finds_what_is_wrong(
    modules: Path, tmp_path: Path, spoilt: dict[str, dict[str, Any]]
) -> None:
    document = orjson.loads((CONTRACT / "asyncapi.json").read_bytes())
    for part, added in spoilt.items():
        document[part] |= added
    (tmp_path / "asyncapi.json").write_bytes(orjson.dumps(document))
    report = _parsed(modules, tmp_path / "asyncapi.json")
    assert any(each["severity"] < 2 for each in report["diagnostics"])


@pytest.fixture(scope="module")
def xmllint() -> list[str]:
    try:
        return find_or_unpack(default_root() / "software")
    except DebianError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no xmllint: {error}")


def _with_namespace(text: str) -> bytes:
    """A sample that has none, as the decoder takes it."""
    return re.sub("<Klantcontact>", f'<Klantcontact xmlns="{NAMESPACE}">', text, count=1).encode()


MESSAGES = {
    "the example of a registration": REGISTRATIE.encode(),
    "the example of a bare klantcontact": _with_namespace(KLANTCONTACT),
    "the sample of a registration": (SAMPLES / "registratie.xml").read_bytes(),
    "the sample of a bare klantcontact": _with_namespace(
        (SAMPLES / "klantcontact.xml").read_text(encoding="utf-8")
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_xmllint_takes_our_messages_by_the_xsd(name: str, xmllint: list[str]) -> None:
    good, said = validates(xmllint, CONTRACT / "klantcontact.xsd", MESSAGES[name])
    assert good, said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Type>call</Type>", "<Type>fax</Type>"),
        ("<Type>call</Type>", ""),
        ("<Soort>medewerker</Soort>", ""),
        ("2026-01-05T10:35:00+01:00", "2026-01-05T10:35:00"),
        (NAMESPACE, "urn:example:other"),
        ("<Type>call</Type>", "<Type>call</Type><Kleur>rood</Kleur>"),
    ],
)
def test_xmllint_refuses_what_does_not_keep_to_it(old: str, new: str, xmllint: list[str]) -> None:
    assert old in REGISTRATIE
    document = REGISTRATIE.replace(old, new).encode()
    good, said = validates(xmllint, CONTRACT / "klantcontact.xsd", document)
    assert (good, "fails to validate" in said) == (False, True)
