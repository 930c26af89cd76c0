from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from worker.errors import UsageError
from worker.settings import load

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the machine's, and no .env of the checkout's."""
    for name in [each for each in os.environ if each.startswith("KLANTCONTACT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_everything_has_a_default() -> None:
    assert load().batch_size == 250
    assert load().oldest_message == timedelta(days=7)


def test_the_environment_comes_before_a_file_and_that_before_a_dotenv(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = ("KLANTCONTACT_MAIL_FROM", "KLANTCONTACT_MAIL_FROM_NAME", "KLANTCONTACT_SMTP_HOST")
    lines = [f"{name}=dotenv" for name in names]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "file").write_text("file\n", encoding="utf-8")
    for name in names[:2]:
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "file"))
    monkeypatch.setenv(names[0], "environment")
    settings = load()
    assert settings.mail_from == "environment"
    assert settings.mail_from_name == "file"
    assert settings.smtp_host == "dotenv"


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("90", 90), ("0.5", 0.5), ("PT15M", 900), (" 10 ", 10)]
)
def test_a_duration_is_iso_8601_or_a_number_of_seconds(
    monkeypatch: pytest.MonkeyPatch, text: str, seconds: float
) -> None:
    monkeypatch.setenv("KLANTCONTACT_MAIL_WINDOW", text)
    monkeypatch.setenv("KLANTCONTACT_MAIL_RETRIES", f"{text},{text}")
    settings = load()
    assert settings.mail_window == timedelta(seconds=seconds)
    assert settings.mail_retries == (timedelta(seconds=seconds),) * 2


def test_a_secret_is_read_from_its_file_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "url").write_text("postgresql://geheim@h/db\n", encoding="utf-8")
    monkeypatch.setenv("KLANTCONTACT_POSTGRES_URL_FILE", str(tmp_path / "url"))
    settings = load()
    assert settings.postgres_url.get_secret_value() == "postgresql://geheim@h/db"
    assert "geheim" not in repr(settings)


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLANTCONTACT_AMQP_URL_FILE", "/niets")
    with pytest.raises(UsageError, match=r"KLANTCONTACT_AMQP_URL_FILE cannot be read.*: /niets"):
        load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BATCH_SIZE", "geheim"),
        ("BATCH_SIZE", "0"),
        ("BATCH_SIZE", "1001"),
        ("MESSAGE_BYTES", "9000000"),
        ("OUTAGE_PAUSE", "geheim"),
        ("CONTACTS_WITHOUT_ZAAK", "geheim"),
        ("LOG_LEVEL", "geheim"),
        ("PORTAL_URL", "https://geheim.example.nl/"),
        ("SMTP_PORT", "geheim"),
        ("MAIL_RETRIES", "geheim"),
        ("MAIL_RETRIES", "PT1S, geheim"),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"KLANTCONTACT_{name}", value)
    with pytest.raises(UsageError, match=f"KLANTCONTACT_{name}: ") as caught:
        load()
    assert "geheim" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("name", ["MAIL_WINDOW", "MAIL_RETRIES"])
def test_a_word_for_a_duration_is_told_how_one_is_written(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"KLANTCONTACT_{name}", "kwartier")
    with pytest.raises(UsageError, match="a duration is needed, as PT15M, or a number of seconds"):
        load()


@pytest.mark.parametrize(
    ("name", "floor"),
    [
        *((name, 0.05) for name in ("OUTAGE_PAUSE", "HOUSEKEEPING", "RELAY_POLL")),
        *((name, 0.05) for name in ("OPENID_REFRESH", "GROWTH_PERIOD")),
        *((name, 1.0) for name in ("RELAY_LEASE", "MAIL_LEASE", "RETRY_LEASE", "SMTP_DEADLINE")),
    ],
)
def test_what_is_done_again_and_again_has_a_shortest_period(
    monkeypatch: pytest.MonkeyPatch, name: str, floor: float
) -> None:
    monkeypatch.setenv(f"KLANTCONTACT_{name}", str(floor))
    assert getattr(load(), name.lower()) == timedelta(seconds=floor)
    monkeypatch.setenv(f"KLANTCONTACT_{name}", str(floor - 0.01))
    with pytest.raises(UsageError, match=f"{name}: Input should be .* {floor:g} second"):
        load()


def test_every_setting_that_is_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLANTCONTACT_BATCH_SIZE", "x")
    monkeypatch.setenv("KLANTCONTACT_SMTP_PORT", "x")
    with pytest.raises(UsageError, match=r"SMTP_PORT: .*; KLANTCONTACT_BATCH_SIZE: "):
        load()


def test_durations_and_lists_of_them_are_iso_8601(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLANTCONTACT_MAIL_RETRIES", "PT1S, PT2M")
    monkeypatch.setenv("KLANTCONTACT_RELAY_POLL", "PT0.5S")
    settings = load()
    assert settings.mail_retries == (timedelta(seconds=1), timedelta(minutes=2))
    assert settings.relay_poll == timedelta(milliseconds=500)


def test_a_file_that_is_no_text_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xff")
    monkeypatch.setenv("KLANTCONTACT_AMQP_URL_FILE", str(tmp_path / "f"))
    with pytest.raises(UsageError, match="KLANTCONTACT_AMQP_URL_FILE"):
        load()


@pytest.mark.parametrize("name", ["TRACES_URL", "OPENID_JWKS"])
@pytest.mark.parametrize("address", ["https://[::1/x", "https://example.nl:poort/x"])
def test_an_address_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setenv(f"KLANTCONTACT_{name}", address)
    with pytest.raises(UsageError, match=f"KLANTCONTACT_{name}: .*cannot be read"):
        load()


def test_a_dotenv_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"KLANTCONTACT_SMTP_HOST=\xff")
    with pytest.raises(UsageError, match=r"\.env is no text in UTF-8"):
        load()
