"""`klantcontact settings`: what is in force, what each setting means, and the documentation."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from worker.cli import app
from worker.cli.settings.describing import described
from worker.cli.settings.groups import ESSENTIAL
from worker.cli.settings.values import written
from worker.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Callable

    Told = Callable[..., str]

_CHECKOUT = Path(__file__).parents[2]
_SECRET = "amqp://worker:geheim@broker.example.nl/"
_FORMS = [(), ("--json",), ("--explain",), ("--explain", "--json"), ("--markdown",)]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Told:
    """What `klantcontact settings …` prints, with no settings but those that the test makes."""
    for name in [each for each in os.environ if each.startswith("KLANTCONTACT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KLANTCONTACT_STACK_DIR", str(tmp_path / "no-stack"))
    monkeypatch.chdir(tmp_path)

    def ask(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["settings", *arguments])
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.stderr

    return ask


def test_every_setting_is_described() -> None:
    assert {each.field for each in described()} == set(Settings.model_fields)


def test_every_setting_has_a_meaning_in_a_sentence() -> None:
    assert [each.name for each in described() if not each.meaning.endswith(".")] == []


def test_every_number_and_every_duration_has_a_unit() -> None:
    counted = [
        name
        for name, declared in Settings.model_fields.items()
        if type(declared.default) not in {type(None), str} and "Secret" not in str(declared)
    ]
    units = {each.field: each.unit for each in described()}
    assert len(counted) > 30
    assert [name for name in counted if units[name] is None] == []


@pytest.mark.parametrize(
    ("field", "unit", "limits"),
    [
        ("message_bytes", "bytes", "1024 to 8388608"),
        ("amqp_silence", "duration", "PT2S or more"),
        ("deferrals", "durations, with commas between", None),
        ("mail_unknown_retried", "true or false", None),
        ("amqp_tls_ca", "file", None),
        ("smtp_tls", None, "auto, off, starttls or tls"),
        ("smtp_helo", None, None),
        ("postgres_url", None, None),
    ],
)
def test_unit_and_limits_are_those_of_the_declaration(
    field: str, unit: str | None, limits: str | None
) -> None:
    (found,) = [each for each in described() if each.field == field]
    assert (found.unit, found.limits) == (unit, limits)


def test_every_default_is_written_as_it_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in described():
        if each.default is not None:
            monkeypatch.setenv(each.name, each.default)
    assert load() == Settings.model_construct()


@pytest.mark.parametrize(
    "text", ["PT0S", "PT0.02S", "PT1M30S", "PT1H", "P1D", "P1DT2H", "P400D", "PT23H59M59.5S"]
)
def test_a_duration_is_shown_as_it_was_set(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("KLANTCONTACT_MAIL_WINDOW", text)
    assert written(load().mail_window) == text


@pytest.mark.parametrize("form", _FORMS, ids=" ".join)
def test_no_form_shows_a_secret(
    told: Told, monkeypatch: pytest.MonkeyPatch, form: tuple[str, ...]
) -> None:
    monkeypatch.setenv("KLANTCONTACT_AMQP_URL", _SECRET)
    monkeypatch.setenv("KLANTCONTACT_SMTP_PASSWORD", "geheim")
    shown = told(*form)
    assert "KLANTCONTACT_SMTP_PASSWORD" in shown
    assert "geheim" not in shown


def test_what_is_in_force_is_listed_by_name(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLANTCONTACT_MAIL_RETRIES", "60,PT5M")
    lines = told().splitlines()
    assert "KLANTCONTACT_MAIL_RETRIES=PT1M,PT5M" in lines
    assert len(lines) == len(Settings.model_fields)


def test_what_is_listed_can_be_set_back(told: Told) -> None:
    lines = [line for line in told().splitlines() if "(set, not shown)" not in line]
    Path(".env").write_text("\n".join(lines), encoding="utf-8")
    assert load() == Settings.model_construct()


def test_a_name_that_is_no_setting_is_told_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    monkeypatch.setenv("KLANTCONTACT_MAIL_WINDW", "geheim")
    result = CliRunner().invoke(app, ["settings"])
    assert told() == result.stdout
    assert result.stderr == (
        "Warning: KLANTCONTACT_MAIL_WINDW is no setting, and sets nothing;"
        " is KLANTCONTACT_MAIL_WINDOW meant?\n"
    )


def test_what_is_not_set_is_a_comment(told: Told) -> None:
    assert "# KLANTCONTACT_OPENID_JWKS=" in told().splitlines()


def test_in_json_each_name_has_its_value(told: Told) -> None:
    document = json.loads(told("--json"))
    assert document["KLANTCONTACT_BATCH_SIZE"] == "250"
    assert document["KLANTCONTACT_OPENID_JWKS"] is None
    assert document["KLANTCONTACT_AMQP_URL"] == "(set, not shown)"


def test_explained_a_setting_stands_with_value_meaning_default_and_unit(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLANTCONTACT_MEMORY_BUDGET", "300000000")
    monkeypatch.setenv("COLUMNS", "80")
    assert (
        "INTAKE\n"
        "\n"
        "KLANTCONTACT_MEMORY_BUDGET=300000000\n"
        "    What one worker process keeps within, whatever is waiting.\n"
        "    Default: 268435456 (256 MiB); bytes, 134217728 or more\n"
        "\n"
    ) in told("--explain")


def test_explained_a_setting_that_is_not_set_says_so(told: Told) -> None:
    assert "KLANTCONTACT_OPENID_JWKS (not set)\n" in told("--explain")


def test_the_explanation_fits_a_terminal_of_80_columns(told: Told) -> None:
    assert [line for line in told("--explain").splitlines() if len(line) > 80] == []


def test_the_explanation_folds_its_sentences_to_the_terminal(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    said = [line for line in told("--explain").splitlines() if line.startswith("    ")]
    assert max(len(line) for line in said) in range(57, 61)


def test_explained_in_json_each_name_has_all_that_is_said_of_it(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLANTCONTACT_AMQP_SILENCE", "3")
    document = json.loads(told("--explain", "--json"))
    assert document["KLANTCONTACT_AMQP_SILENCE"] == {
        "group": "Broker",
        "value": "PT3S",
        "default": "PT8S",
        "unit": "duration",
        "limits": "PT2S or more",
        "meaning": Settings.model_fields["amqp_silence"].description,
    }
    assert document["KLANTCONTACT_OPENID_JWKS"]["value"] is None


def test_the_essential_ones_are_few_and_known(told: Told) -> None:
    assert set(ESSENTIAL) <= set(Settings.model_fields)
    listed = [
        line.removeprefix("# ").partition("=")[0] for line in told("--essential").splitlines()
    ]
    assert sorted(listed) == sorted(f"KLANTCONTACT_{name.upper()}" for name in ESSENTIAL)


@pytest.mark.parametrize("other", ["--json", "--explain"])
def test_the_documentation_is_not_mixed_with_what_is_in_force(told: Told, other: str) -> None:
    assert "--markdown goes without" in told("--markdown", other, code=2)


def test_the_documentation_says_nothing_of_this_place(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = told("--markdown")
    monkeypatch.setenv("KLANTCONTACT_MAIL_FROM_NAME", "Elders")
    monkeypatch.setenv("KLANTCONTACT_BATCH_SIZE", "wrong")
    assert told("--markdown") == usual


def test_nothing_in_a_table_is_taken_for_a_tag_or_an_end_of_a_cell(told: Told) -> None:
    rows = [line for line in told("--markdown").splitlines() if line.startswith("| `")]
    assert len(rows) == len(Settings.model_fields)
    for row in rows:
        assert row.count("|") == 5
        assert "<" not in "".join(row.split("`")[::2])


def test_the_page_of_settings_equals_what_the_command_prints(told: Told) -> None:
    page = (_CHECKOUT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == told("--markdown"), "klantcontact settings --markdown > docs/settings.md"


def test_the_table_in_the_readme_equals_what_the_command_prints(told: Told) -> None:
    readme = (_CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert told("--markdown", "--essential") in readme, (
        "put there what `klantcontact settings --markdown --essential` prints"
    )
