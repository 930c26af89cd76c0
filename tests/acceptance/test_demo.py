from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.program import run
from tests.waiting import DEADLINE
from worker.cli.demo.messages import REGISTERED, REPEATED, samples
from worker.errors import Code
from worker.stack.looking import default_root
from worker.stack.process import recorded

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("measured")


async def test_the_demo_shows_the_main_job_and_leaves_nothing_running(
    services: object, tmp_path: Path
) -> None:
    del services
    root = tmp_path / "stacks"
    root.mkdir()
    # The RabbitMQ that was unpacked for the checkout's own stacks, so that it isn't fetched again.
    (root / "software").symlink_to(default_root({}) / "software")
    given = {"KLANTCONTACT_STACK_DIR": str(root)}
    ended = await run("demo", environment=given, within=5 * DEADLINE)
    assert ended.code == 0, ended
    told = ("ZAAK-2026-0000001", "Repeated: 1,", "zaak-afgesloten", "Where to look further")
    for words in told:
        assert words in ended.out
    assert "Traceback" not in ended.err
    assert not any(process.alive() for process in recorded(root / "demo" / "run"))


def test_the_demo_shows_every_code_that_a_sender_can_bring_about() -> None:
    ours = {Code.ONVERWACHT, Code.MAIL_MISLUKT}
    brought = {code for code in Code if code not in ours and not code.startswith("broker-")}
    assert {each.expected for each in samples()} - {REGISTERED, REPEATED} == brought
