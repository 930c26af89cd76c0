from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from worker.rabbitmq.topology import USERS
from worker.rabbitmq.users import password_hash, user_definitions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.program import Ended

    Command = Callable[..., Awaitable[Ended]]

_PASSWORDS = {name: f"geheim-{name}" for name in USERS}
_NEW = {"password": "geheim-nieuw", "kanaal": "callcenter"}


def _of(definitions: dict[str, Any], part: str, user: str) -> dict[str, Any]:
    (found,) = [each for each in definitions[part] if user in {each.get("name"), each.get("user")}]
    assert isinstance(found, dict)
    return found


async def _made(command: Command, users: object) -> dict[str, Any]:
    told = await command("topology", "users", "-", given=json.dumps(users).encode())
    assert (told.code, told.err) == (0, "")
    assert "geheim" not in told.out
    return told.json()


async def test_every_user_gets_the_permissions_of_the_topology_and_a_hash(
    command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "users.json"
    file.write_text(json.dumps(_PASSWORDS), encoding="utf-8")
    told = await command("topology", "users", str(file))
    assert (told.code, told.err) == (0, "")
    assert "geheim" not in told.out
    made, wanted = told.json(), user_definitions(_PASSWORDS)
    assert made["permissions"] == wanted["permissions"]
    assert made["topic_permissions"] == wanted["topic_permissions"]
    for user in made["users"]:
        salt = base64.b64decode(user["password_hash"])[:4]
        assert user["password_hash"] == password_hash(_PASSWORDS[user["name"]], salt)
        assert user["tags"] == []


async def test_some_of_the_users_are_made_and_no_others(command: Command) -> None:
    made = await _made(command, {"zaaksysteem": "geheim"})
    assert [user["name"] for user in made["users"]] == ["zaaksysteem"]
    assert [each["user"] for each in made["permissions"]] == ["zaaksysteem"]


async def test_a_new_channel_system_may_do_on_its_kanaal_what_another_may(
    command: Command,
) -> None:
    made = await _made(command, {"kcc-nieuw": _NEW})
    assert _of(made, "topic_permissions", "kcc-nieuw")["write"] == "^callcenter$"
    allowed, known = _of(made, "permissions", "kcc-nieuw"), USERS["callcenter"]
    assert allowed["write"] == known.write
    for right in ("configure", "read"):
        assert re.search(allowed[right], "antwoord.kcc-nieuw.1")
        assert not re.search(allowed[right], "antwoord.callcenter.1")
        assert not re.search(allowed[right], "klantcontact.registratie.callcenter")


async def test_a_channel_may_be_written_with_its_own_kanaal(command: Command) -> None:
    made = await _made(command, {"balie": {"password": "geheim", "kanaal": "balie"}})
    assert made["permissions"] == user_definitions({"balie": "x"})["permissions"]


async def test_what_is_wrong_is_one_line_without_any_of_the_text(command: Command) -> None:
    told = await command("topology", "users", "-", given=b'{"balie": "x", "geheim": "balie"}')
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("Error: stdin: entry 2 is no user of the broker: there are ")
    assert len(told.err.splitlines()) == 1
    assert "geheim" not in told.err


async def test_a_file_that_is_not_there_is_named(command: Command) -> None:
    told = await command("topology", "users", "/niets")
    assert (told.code, told.out) == (1, "")
    assert told.err == "Error: /niets cannot be read: No such file or directory\n"


async def test_the_file_must_be_named(command: Command) -> None:
    assert (await command("topology", "users")).code == 2
