from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from worker.unknown_settings import Unknown, unknown_settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the machine's, and no .env of the checkout's."""
    for name in [each for each in os.environ if each.startswith("KLANTCONTACT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_a_misspelt_name_is_found_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KLANTCONTACT_MAIL_WINDW", "0")
    assert unknown_settings() == [Unknown("KLANTCONTACT_MAIL_WINDW", "KLANTCONTACT_MAIL_WINDOW")]


def test_a_name_like_no_other_is_found_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLANTCONTACT_KOFFIE", "0")
    assert unknown_settings() == [Unknown("KLANTCONTACT_KOFFIE", None)]


def test_a_misspelt_name_of_a_file_is_most_like_that_of_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KLANTCONTACT_POSTGRES_ULR_FILE", "/niets")
    (found,) = unknown_settings()
    assert found.nearest == "KLANTCONTACT_POSTGRES_URL_FILE"


def test_a_misspelt_name_in_a_dotenv_is_found(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KLANTCONTACT_SMTP_HOTS=mail.example.nl\n", encoding="utf-8")
    assert unknown_settings() == [Unknown("KLANTCONTACT_SMTP_HOTS", "KLANTCONTACT_SMTP_HOST")]


def test_a_file_that_a_dotenv_names_is_not_read_and_found(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KLANTCONTACT_AMQP_URL_FILE=/niets\n", encoding="utf-8")
    assert [each.name for each in unknown_settings()] == ["KLANTCONTACT_AMQP_URL_FILE"]


@pytest.mark.parametrize(
    "name",
    [
        "KLANTCONTACT_MAIL_WINDOW",
        "klantcontact_mail_window",
        "KLANTCONTACT_POSTGRES_URL_FILE",
        "KLANTCONTACT_TOKEN_SECRETS_FILE",
        "KLANTCONTACT_STACK_DIR",
        "KLANTCONTACT_MANAGEMENT_PASSWORD",
        "KLANTCONTACTEN",
        "MAIL_WINDW",
    ],
)
def test_what_is_read_here_or_elsewhere_is_not_found(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "0")
    assert unknown_settings() == []
