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
        ('{"abonnee": {"password": "geheim", "kanaal": "balie"}}', "that has other work"),
        ('{"worker": {"password": "geheim", "abonnee": true}}', "a subscriber has a name of"),
        ('{"balie": {"password": "geheim", "abonnee": true}}', "a subscriber has a name of"),
        ('{"nieuw": {"password": "geheim", "abonnee": false}}', '"abonnee": true alone'),
        ('{"nieuw": {"password": "geheim", "abonnee": 1}}', '"abonnee": true alone'),
        ('{"n": {"password": "geheim", "abonnee": true, "kanaal": "balie"}}', "true alone"),
        ('{"nieuw": {"abonnee": true, "password": ""}}', "has no password"),
        ('{"zaak.2": {"password": "geheim", "abonnee": true}}', "a space or a dot"),
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


@pytest.mark.parametrize("name", ["a|b", "kcc*", "^", "(", "[a-z]+", "kcc\\", "a$"])
def test_the_name_of_a_subscriber_is_no_regular_expression(name: str) -> None:
    (allowed,) = user_definitions({name: "geheim"}, abonnees=[name])["permissions"]
    for right in ("configure", "write", "read"):
        assert re.search(allowed[right], f"gebeurtenis.{name}.1")
        for other in ("gebeurtenis.a.1", "gebeurtenis.b.1", "gebeurtenis.kcc.1", "b.1", ""):
            assert not re.search(allowed[right], other)


def test_subscribers_are_told_apart() -> None:
    given = parse(b'{"abonnee": "a", "dossier": {"password": "b", "abonnee": true}}', "users.json")
    assert given.passwords == {"abonnee": "a", "dossier": "b"}
    assert (given.kanalen, given.abonnees) == ({}, ["dossier"])


def test_passwords_and_kanalen_are_parted() -> None:
    given = parse(b'{"balie": "a", "kcc": {"password": "b", "kanaal": "callcenter"}}', "users.json")
    assert given.passwords == {"balie": "a", "kcc": "b"}
    assert given.kanalen == {"kcc": "callcenter"}
