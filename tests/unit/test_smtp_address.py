from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.certificates import Authority
from tests.fakes import Lines
from worker.errors import UsageError
from worker.roles.opening import mail_server, sending
from worker.settings import Settings, load
from worker.smtp.address import address

if TYPE_CHECKING:
    from pathlib import Path

AWAY = {"smtp_host": "mail.example.nl"}
LOGIN = {"smtp_username": "klantcontact", "smtp_password": "geheim"}


def _settings(**given: object) -> Settings:
    return Settings.model_validate(given)


@pytest.mark.parametrize(
    ("given", "way"),
    [
        ({}, "off"),
        ({"smtp_host": "localhost"}, "off"),
        ({"smtp_host": "::1", "smtp_tls": "starttls"}, "starttls"),
        ({"smtp_port": 465}, "tls"),
        (AWAY, "starttls"),
        ({**AWAY, "smtp_port": 465}, "tls"),
        ({**AWAY, "smtp_tls": "off"}, "off"),
        ({**AWAY, "smtp_tls": "tls"}, "tls"),
    ],
)
def test_what_leaves_this_machine_is_encrypted_unless_the_settings_say_otherwise(
    given: dict[str, Any], way: str
) -> None:
    assert address(_settings(**given)).tls == way


def test_an_authority_that_is_named_is_used_on_this_machine_too(tmp_path: Path) -> None:
    found = address(_settings(smtp_tls_ca=Authority(tmp_path).ca))
    context = found.context()
    assert found.tls == "starttls"
    assert context is not None
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "mail.example.nl"])
def test_a_login_is_kept_out_of_sight(host: str) -> None:
    found = address(_settings(smtp_host=host, **LOGIN))
    assert found.login == ("klantcontact", "geheim")
    assert "geheim" not in repr(found)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"smtp_username": "x"}, "SMTP_USERNAME needs KLANTCONTACT_SMTP_PASSWORD"),
        ({"smtp_password": "geheim"}, "SMTP_PASSWORD needs KLANTCONTACT_SMTP_USERNAME"),
        ({**AWAY, **LOGIN, "smtp_tls": "off"}, "unencrypted: KLANTCONTACT_SMTP_TLS must be"),
        ({"smtp_tls_ca": "/niets.pem"}, r"KLANTCONTACT_SMTP_TLS_CA \(/niets.pem\) cannot be read"),
        ({"smtp_tls_ca": "/x.pem", "smtp_tls": "off"}, "for TLS KLANTCONTACT_SMTP_TLS must be"),
    ],
)
def test_what_is_wrong_is_said_at_the_start_and_names_its_setting(
    given: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        sending(_settings(**given), Lines().log)
    assert "geheim" not in str(caught.value)


def test_mails_that_others_can_read_on_their_way_are_told_of_at_the_start() -> None:
    lines = Lines()
    sending(_settings(**AWAY, smtp_tls="off"), lines.log)
    (told,) = lines.of("onversleuteld")
    assert (told["dienst"], told["instelling"]) == ("smtp", "KLANTCONTACT_SMTP_TLS")
    sending(_settings(), lines.log)
    sending(_settings(**AWAY), lines.log)
    mail_server(_settings(**AWAY), lines.log)
    assert len(lines.all) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_TLS", "geheim"),
        ("SMTP_HELO", "geheim naam"),
        ("SMTP_PASSWORD", ""),
        ("SMTP_USERNAME", ""),
    ],
)
def test_a_setting_that_cannot_be_is_refused_without_its_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"KLANTCONTACT_{name}", value)
    with pytest.raises(UsageError, match=f"KLANTCONTACT_{name}: ") as caught:
        load()
    assert "geheim" not in str(caught.value)
