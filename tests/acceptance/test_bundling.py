from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contacts import ZAAK, body
from tests.facts import fill

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.mails import Mails
    from tests.program import Program
    from worker.postgres.pool import Pool

pytestmark = pytest.mark.usefixtures("measured")


async def test_what_comes_within_the_window_is_told_in_one_mail_and_what_comes_after_in_another(
    pool: Pool, broker: Broker, mails: Mails, start: Callable[..., Awaitable[Program]]
) -> None:
    await fill(pool)
    # Both are there when it starts: it registers them in one batch.
    await broker.publish(body(datumGezet="2026-11-01T11:00:00+01:00"), message_id="een")
    await broker.publish(body(datumGezet="2026-11-02T11:00:00+01:00"), message_id="twee")
    program = await start(mail_window="PT3S")
    await program.logged("mail", toestand="verzonden")
    await broker.publish(body(datumGezet="2026-11-03T11:00:00+01:00"), message_id="drie")
    both, alone = await mails.arrived(2)
    assert both["Subject"] == f"Nieuwe contacten over zaak {ZAAK}"
    plain = both.get_body(("plain",))
    assert plain is not None
    days = [line for line in plain.get_content().splitlines() if line.startswith("- ")]
    assert days == ["- 1 november 2026, telefonisch", "- 2 november 2026, telefonisch"]
    assert alone["Subject"] == f"Nieuw contact over zaak {ZAAK}"
    assert both["References"] == alone["References"]
    assert both["Message-ID"] != alone["Message-ID"]
