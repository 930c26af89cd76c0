"""An old primary that is still writable after its standby was promoted is not used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.database_roles import WORKER, as_role, run_file, set_passwords
from tests.promoted import primary_and_standby, stop
from worker.errors import Outage
from worker.postgres.connecting import hosts
from worker.postgres.pool import connected
from worker.postgres.primary import server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.promoted import Pair
    from worker.stack.postgres import Server


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with primary_and_standby(tmp_path) as made:
        yield made


async def _used(pair: Pair, servers: Sequence[Server]) -> int:
    """The port of the server that a role would use."""
    async with connected(pair.url(*servers), size=1, compared=True) as pool:
        port: int = await pool.fetchval("select current_setting('port')::int")
    return port


@pytest.mark.usefixtures("no_roles_stay")
async def test_the_worker_may_ask_which_server_it_is(
    database: str, administer: Callable[[str], None]
) -> None:
    run_file(database)
    set_passwords(administer)
    connection = await asyncpg.connect(as_role(database, WORKER))
    try:
        found = await server(connection)
    finally:
        await connection.close()
    assert found is not None
    assert found.timeline == 1


async def test_of_two_primaries_the_newer_is_used_and_never_the_older_again(pair: Pair) -> None:
    old, new = pair.primary, pair.standby
    assert await _used(pair, [old, new]) == old.port
    pair.promote()
    for order in ([old, new], [new, old]):
        hosts.cache_clear()
        assert await _used(pair, order) == new.port
    stop(new)
    with pytest.raises(
        Outage, match=r"on timeline 1, and timeline 2 was seen: it is an old primary"
    ):
        await _used(pair, [new, old])
    with pytest.raises(Outage, match=r"keep it from being reached.*docs/operations\.md"):
        async with connected(pair.url(new, old), size=1):
            pass


async def test_a_newer_server_that_takes_no_writes_is_a_witness(pair: Pair) -> None:
    pair.promote()
    async with connected(pair.standby.url, size=1) as pool:
        await pool.execute("checkpoint")
        await pool.execute("alter system set default_transaction_read_only = on")
        await pool.execute("select pg_reload_conf()")
    with pytest.raises(Outage, match="it is an old primary"):
        await _used(pair, [pair.primary, pair.standby])
