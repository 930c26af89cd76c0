"""deploy/postgres/roles.sql gives each role what its work needs, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.database_roles import READ, WORKER, as_role, permitted, statements, tables
from worker.postgres import schema
from worker.postgres.pool import connected

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("no_roles_stay")

_MAY_WRITE = """
    select tablename from pg_tables where schemaname = 'klantcontact' and (
        has_any_column_privilege(schemaname || '.' || tablename, 'insert, update')
        or has_table_privilege(schemaname || '.' || tablename, 'delete, truncate, trigger')
    )
"""
_FORBIDDEN = {
    "drop a table": "drop table klantcontact.klantcontact cascade",
    "drop the schema": "drop schema klantcontact cascade",
    "alter a table": "alter table klantcontact.klantcontact add column x int",
    "switch off a trigger": "alter table klantcontact.dead_letter disable trigger all",
    "empty a table": "truncate klantcontact.klantcontact cascade",
    "delete a klantcontact": "delete from klantcontact.klantcontact",
    "change a klantcontact": "update klantcontact.klantcontact set toelichting = ''",
    "delete a document": "delete from klantcontact.document",
    "change a document": "update klantcontact.document_inhoud set inhoud = ''",
    "delete a mail": "delete from klantcontact.mail",
    "delete a notificatie": "delete from klantcontact.notificatie",
    "delete a zaak": "delete from klantcontact.zaak",
    "forget who looked": "delete from klantcontact.inzage",
    "change what was done": "update klantcontact.dead_letter_handeling set door = ''",
    "make a table": "create table klantcontact.mijn (x int)",
    "make a table in public": "create table public.mijn (x int)",
    "make a schema": "create schema mijn",
    "say what was migrated": "delete from public._yoyo_migration",
}


async def test_a_worker_finds_the_schema_that_the_migrating_role_made(with_roles: str) -> None:
    async with connected(as_role(with_roles, WORKER), size=1) as pool:
        assert not await schema.pending(pool)


def test_every_statement_of_the_program_is_the_worker_s_to_run(with_roles: str) -> None:
    found = statements()
    # The driver prepares nothing of its own, which would go with what is prepared here.
    with psycopg.connect(
        as_role(with_roles, WORKER), autocommit=True, prepare_threshold=None
    ) as connection:
        connection.execute("set search_path to klantcontact")
        refused = [statement for statement in found if not permitted(connection, statement)]
    assert len(found) > 100
    assert refused == []


async def test_a_second_login_of_the_role_works_while_the_first_one_may_not_log_in(
    with_roles: str, administer: Callable[[str], None]
) -> None:
    second = f"{WORKER}_2"
    administer(f"create role {second} login password '{second}' in role {WORKER}")
    administer(f"alter role {WORKER} nologin")
    try:
        async with connected(as_role(with_roles, second), size=1) as pool:
            assert not await schema.pending(pool)
            assert await pool.fetchval("select count(*) from klantcontact") == 0
    finally:
        administer(f"drop role {second}")


@pytest.mark.parametrize("role", [WORKER, READ])
def test_nobody_but_who_migrates_takes_away_or_changes_what_must_stay(
    with_roles: str, role: str
) -> None:
    done = []
    for what, statement in _FORBIDDEN.items():
        with psycopg.connect(as_role(with_roles, role)) as connection:
            connection.read_only = False
            with suppress(InsufficientPrivilege):
                connection.execute(statement.encode())
                done.append(what)
            connection.rollback()
    assert done == []


def test_who_reads_writes_into_no_table(with_roles: str) -> None:
    with psycopg.connect(as_role(with_roles, READ)) as connection:
        assert connection.execute(_MAY_WRITE.encode()).fetchall() == []


def test_who_reads_changes_nothing_by_mistake(with_roles: str) -> None:
    with psycopg.connect(as_role(with_roles, READ)) as connection:
        assert connection.execute("show transaction_read_only").fetchone() == ("on",)


def test_who_reads_reads_every_table_but_the_tokens(with_roles: str) -> None:
    with psycopg.connect(as_role(with_roles, READ)) as connection:
        for table in tables(with_roles) - {"wachtend_token"}:
            connection.execute(f"table klantcontact.{table}".encode())
        with pytest.raises(InsufficientPrivilege):
            connection.execute("table klantcontact.wachtend_token")
