"""The whole program with no more rights on the database than deploy/postgres/roles.sql gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contacts import ZAAK, body
from tests.database_roles import READ, WORKER, as_role, run_file, set_passwords
from tests.facts import fill

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.mails import Mails
    from tests.program import Ended, Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]
    Command = Callable[..., Awaitable[Ended]]

pytestmark = pytest.mark.usefixtures("measured", "no_roles_stay")


@pytest.fixture
def roles(database: str, administer: Callable[[str], None]) -> str:
    """The administrator's URL of a database with the schema and the roles."""
    run_file(database)
    set_passwords(administer)
    return database


async def test_a_worker_registers_refuses_and_mails_as_the_role_of_workers(
    roles: str, pool: Pool, broker: Broker, mails: Mails, start: Start
) -> None:
    await fill(pool)
    program = await (await start(postgres_url=as_role(roles, WORKER))).ready()
    await broker.publish(body(), message_id="bericht-1")
    await broker.publish(body(type="fax"), message_id="bericht-2")
    await mails.arrived()
    await program.logged("mail", toestand="verzonden")
    assert await pool.fetchval("select bericht_id from dead_letter") == "bericht-2"
    assert await pool.fetchval("select count(*) from klantcontact") == 1


async def test_who_reads_sees_the_dossier(roles: str, pool: Pool, command: Command) -> None:
    await fill(pool)
    shown = await command("dossier", ZAAK, "--json", postgres_url=as_role(roles, READ))
    assert shown.json()["zaak"] == ZAAK


async def test_who_reads_sees_nothing_that_must_be_put_on_record(
    roles: str, pool: Pool, command: Command
) -> None:
    await fill(pool)
    asked = ("dossier", ZAAK, "--reveal", "--json")
    shown = await command(*asked, postgres_url=as_role(roles, READ))
    assert (shown.code, shown.out) == (1, "")
