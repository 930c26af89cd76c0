"""The commands as processes, in the order in which a municipality would use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.contacts import TOELICHTING, ZAAK, contact
from tests.facts import register

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.broker import Broker
    from tests.program import Ended, Program

    Command = Callable[..., Awaitable[Ended]]

pytestmark = pytest.mark.usefixtures("measured")


async def test_from_an_import_to_a_dossier_by_commands_alone(
    broker: Broker,
    command: Command,
    start: Callable[..., Awaitable[Program]],
    tmp_path: Path,
) -> None:
    lines = [*map(orjson.dumps, register()), b"{"]
    (tmp_path / "register.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "contact.json").write_bytes(orjson.dumps(contact()))
    file, sent = str(tmp_path / "register.jsonl"), str(tmp_path / "contact.json")

    imported = await command("register", "import", file, "--time", "now", "--json")
    assert imported.code == 1
    assert [each["line"] for each in imported.json()["bad"]] == [6]
    program = await (await start()).ready()
    as_channel = {"amqp_url": broker.url("callcenter")}
    published = await command("publish", sent, "--id", "een", "--json", **as_channel)
    assert published.json() == {"id": "een", "confirmed": True}
    await program.logged("klantcontact", outcome="geregistreerd", bericht="een")
    switched = await command(
        "register", "set", "zaaktype", "omgevingsvergunning", "--klantcontacten", "uit"
    )
    assert switched.code == 0
    await command("publish", sent, "--id", "twee", **as_channel)
    await program.logged("klantcontact", code="zaaktype-staat-klantcontacten-niet-toe")
    dossier: dict[str, Any] = (await command("dossier", ZAAK, "--reveal", "--json")).json()
    assert [each["toelichting"] for each in dossier["klantcontacten"]] == [TOELICHTING]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("dossier", "Z-0"), 1), (("dossier",), 2), (("--help",), 0)],
    ids=["no such zaak", "wrong usage", "help"],
)
async def test_the_exit_status_says_how_it_went(
    command: Command, arguments: tuple[str, ...], code: int
) -> None:
    ended = await command(*arguments)
    assert ended.code == code
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": "veel"},
        {"mail_from": "geen adres"},
        {"templates": "/niets"},
        {"portal_url": "https://x.example.nl/"},
    ],
    ids=lambda settings: next(iter(settings)),
)
async def test_a_worker_with_a_setting_that_is_wrong_does_not_start_and_says_which(
    command: Command, settings: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "klantcontact-toegevoegd" / "nl"
    folder.mkdir(parents=True)
    (folder / "onderwerp.txt").write_text("{{ toelichting }}", encoding="utf-8")
    given = {**settings, "templates": str(tmp_path)} if "templates" in settings else settings
    ended = await command("worker", **given)
    assert ended.code == 1
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("Error: ")
