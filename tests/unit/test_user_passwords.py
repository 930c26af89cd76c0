from __future__ import annotations

import re

import pytest

from worker.cli.user_passwords import parse
from worker.errors import UsageError
from worker.rabbitmq.users import user_definitions


@pytest.mark.parametrize("name", ["a|b", "kcc*", "^", "(", "[a-z]+", "kcc\\", "a$"])
def test_a_name_is_no_regular_expression(name: str) -> None:
    (allowed,) = user_definitions({name: "geheim"}, {name: "callcenter"})["permissions"]
    reads = allowed["read"]
    assert re.search(reads, f"antwoord.{name}.1")
    for other in ("antwoord.a.1", "antwoord.b.1", "antwoord.kcc.1", "b.1", "klantcontact.dlq"):
        assert not re.search(reads, other)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("geheim", "does not hold users"),
        ('["geheim"]', "does not hold users"),
        ('[["balie", "geheim"]]', "does not hold users"),
        ('"geheim"', "does not hold users"),
        ("[" * 100_000, "does not hold users"),
        ("[]", "names no user"),
        ("{}", "names no user"),
        ('{"geheim": "callcenter"}', "entry 1 is no user of the broker: there are callcenter, "),
        ('{"balie": "geheim", "admin": "geheim"}', "entry 2 is no user of the broker"),
        ('{"balie": ""}', "entry 1 has no password"),
        ('{"balie": "  "}', "entry 1 has no password"),
        ('{"balie": null}', "entry 1 has no password"),
        ('{"balie": ["geheim"]}', "entry 1 has no password"),
        ('{"balie": {}}', "entry 1 has no password"),
        ('{"balie": "geheim", "balie": "geheim2"}', "entry 2 names a user for the second time"),
        ('{"nieuw": {"password": "", "kanaal": "balie"}}', "entry 1 has no password"),
        ('{"nieuw": {"password": "geheim", "kanaal": "fax"}}', "a kanaal is one of callcenter, "),
        ('{"nieuw": {"password": "geheim", "kanaal": ["balie"]}}', "a kanaal is one of"),
        ('{"nieuw": {"password": "geheim"}}', "a kanaal is one of"),
        ('{"nieuw": {"password": "geheim", "kanaal": "balie", "tags": 1}}', "alone"),
        ('{"n": {"password": "geheim", "password": "x", "kanaal": "balie"}}', "has no password"),
        ('{"worker": {"password": "geheim", "kanaal": "balie"}}', "that has other work"),
        ('{"admin": {"password": "geheim", "kanaal": "balie"}}', "that has other work"),
        ('{"guest": {"password": "geheim", "kanaal": "balie"}}', "that has other work"),
        ('{"portaal": {"password": "geheim", "kanaal": "balie"}}', "that has other work"),
        ('{"callcenter.2": {"password": "geheim", "kanaal": "balie"}}', "a space or a dot"),
        ('{"kcc 2": {"password": "geheim", "kanaal": "balie"}}', "a space or a dot"),
        ('{"kcc\\n": {"password": "geheim", "kanaal": "balie"}}', "a space or a dot"),
        ('{"": {"password": "geheim", "kanaal": "balie"}}', "a space or a dot"),
    ],
)
def test_what_is_wrong_is_one_line_without_any_of_the_text(given: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"^users.json.*{re.escape(says)}") as caught:
        parse(given.encode(), "users.json")
    assert len(str(caught.value).splitlines()) == 1
    assert "geheim" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_passwords_and_kanalen_are_parted() -> None:
    given = parse(b'{"balie": "a", "kcc": {"password": "b", "kanaal": "callcenter"}}', "users.json")
    assert given.passwords == {"balie": "a", "kcc": "b"}
    assert given.kanalen == {"kcc": "callcenter"}
