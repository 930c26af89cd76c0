from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contacts import TOELICHTING, ZAAK, body
from tests.facts import fill

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.mails import Mails
    from tests.program import Ended, Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]
    Command = Callable[..., Awaitable[Ended]]

pytestmark = pytest.mark.usefixtures("measured")


async def test_a_contact_of_the_call_center_becomes_an_entry_in_the_dossier_and_a_mail(
    pool: Pool, broker: Broker, mails: Mails, start: Start, command: Command
) -> None:
    await fill(pool)
    program = await (await start()).ready()
    await broker.publish(body(), message_id="bericht-1")
    (mail,) = await mails.arrived()
    await program.logged("mail", toestand="verzonden")
    dossier: dict[str, Any] = (await command("dossier", ZAAK, "--json")).json()

    assert mail["To"] == "Voorbeeld Burger <burger@example.nl>"
    assert ZAAK in mail["Subject"]
    assert TOELICHTING not in mail.as_string()
    (entry,) = dossier["klantcontacten"]
    assert entry["type"] == "call"
    assert entry["status"]["omschrijving"] == "In behandeling"
    assert entry["notificaties"][0]["toestand"] == "verzonden"
    assert not await broker.depth("klantcontact.dlq")
