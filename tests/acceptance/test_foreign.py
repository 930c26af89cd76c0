"""A client that is not Python's: npm's amqplib."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.contacts import body
from tests.facts import fill
from tests.tokens import authorization
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool

_HERE = Path(__file__).parent / "foreign"


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """The folder with amqplib in it."""
    if not (shutil.which("node") and shutil.which("npm")) and os.environ.get("CI") != "true":
        pytest.skip("no node and npm here")
    shutil.copy(_HERE / "package.json", tmp_path)
    quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(["npm", "install", *quiet], cwd=tmp_path, check=True, timeout=120)
    return tmp_path / "node_modules"


def _publish(broker: Broker, modules: Path, *messages: dict[str, Any]) -> None:
    file = modules.parent / "messages.jsonl"
    file.write_bytes(b"\n".join(orjson.dumps(each) for each in messages))
    environment = {"AMQP_URL": broker.url("callcenter"), "NODE_PATH": str(modules)}
    subprocess.run(
        ["node", str(_HERE / "publish.js"), str(file)],
        env={**os.environ, **environment},
        check=True,
        timeout=60,
    )


def message(
    content: bytes, headers: dict[str, Any] | None = None, **options: object
) -> dict[str, Any]:
    given = {
        "contentType": "application/json",
        "userId": "callcenter",
        "persistent": True,
        **options,
    }
    return {
        "body": content.decode(),
        "options": {**given, "headers": {**authorization(content, None), **(headers or {})}},
    }


async def test_a_message_of_another_client_is_registered_or_refused_like_any_other(
    pool: Pool, broker: Broker, start: Callable[..., Awaitable[Program]], modules: Path
) -> None:
    await fill(pool)
    now = datetime.now(UTC)
    _publish(
        broker,
        modules,
        message(body(), messageId="een", timestamp=int(now.timestamp())),
        message(body(onderwerp="é 漢"), messageId="twee", headers={"x": {"y": [1, True, None]}}),
        message(body(), headers={"x": "no id"}),
        # A sender that counts in microseconds: no year that a decoder knows.
        message(body(), messageId="vier", timestamp=int(now.timestamp() * 1_000_000)),
    )
    await (await start("--role", "intake")).ready(1)

    async def recorded() -> bool:
        return bool(
            await pool.fetchval(
                "select (select count(*) from klantcontact)"
                " + (select count(*) from dead_letter) >= 4"
            )
        )

    await until(recorded, "all four are on record")
    rows = await pool.fetch("select bericht_id from bericht order by bericht_id")
    assert [row[0] for row in rows] == ["een", "twee"]
    refused = await pool.fetch("select code, headers->>'user_id' from dead_letter order by code")
    assert [tuple(row) for row in refused] == [
        ("bericht-ongeldig", "callcenter"),
        ("bericht-onleesbaar", None),
    ]
