"""The search for marks, by which other tests hold that nothing personal comes out."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode

import pytest

from tests.marks import BSN, TELEFOON, leaked, mark

SECRETS = [mark("naam"), mark("adres"), TELEFOON, BSN, "wachtwoord>>>???~~~"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_it_is_found_wherever_it_begins_in_base64(secret: str, before: str) -> None:
    text = f"{before}{secret} en meer".encode()
    assert leaked(b64encode(text).decode(), SECRETS) == [secret]
    assert leaked(urlsafe_b64encode(text).decode(), SECRETS) == [secret]


@pytest.mark.parametrize("secret", SECRETS)
def test_it_is_found_in_other_capitals(secret: str) -> None:
    assert leaked(f"de {secret.upper()}.", SECRETS) == [secret]


@pytest.mark.parametrize("secret", SECRETS)
def test_it_is_found_in_bytes_as_postgresql_shows_them(secret: str) -> None:
    assert leaked(f"\\x00{secret.encode().hex()}00", SECRETS) == [secret]


def test_what_is_none_of_it_is_not_found() -> None:
    assert leaked("Zqnaam qz 0655519284 111222334 ZXNuYWFt", SECRETS) == []
