"""The database that one test leaves to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.databases import Databases


def _left(databases: Databases, statement: str) -> tuple[str, str]:
    """Which database a test had that did this, and which the next one gets."""
    first = databases.take()
    with psycopg.connect(databases.url(first), autocommit=True) as connection:
        connection.execute(statement.encode())
    databases.give_back(first)
    second = databases.take()
    return first, second


def test_what_a_test_wrote_is_gone_for_the_next(databases: Databases) -> None:
    first, second = _left(
        databases,
        "insert into klantcontact.proces (id, rol, host, pid, versie, begonnen, gezien)"
        " values (gen_random_uuid(), 'intake', 'h', 1, '0', now(), now())",
    )
    with psycopg.connect(databases.url(second)) as connection:
        rows = connection.execute("select count(*) from klantcontact.proces").fetchone()
    databases.give_back(second)
    assert (second, rows) == (first, (0,))


@pytest.mark.parametrize(
    "statement",
    [
        "alter table klantcontact.mail add column x text",
        "alter table klantcontact.mail alter column zaak drop not null",
        "alter table klantcontact.mail drop constraint mail_pkey cascade",
        "drop index klantcontact.klantcontact_vervolg",
        "drop table klantcontact.poging",
        "drop schema klantcontact cascade",
        "grant select on klantcontact.mail to public",
        "create function klantcontact.x() returns int language sql as 'select 1'",
        "delete from public._yoyo_migration",
        "do $$ begin execute format('alter database %I set jit = on', current_database()); end $$",
    ],
)
def test_a_database_that_a_test_changed_is_no_others(databases: Databases, statement: str) -> None:
    first, second = _left(databases, statement)
    databases.give_back(second)
    assert second != first
