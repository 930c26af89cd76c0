"""deploy/postgres/roles.sql is run by different people, on different databases, again and again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, RaiseException

from tests.database_roles import (
    MIGRATE,
    READ,
    WORKER,
    as_role,
    decided,
    granted,
    run_file,
    set_passwords,
    tables,
)
from worker.postgres.migrating import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    Administer = Callable[[str], None]

pytestmark = pytest.mark.usefixtures("no_roles_stay")


def test_every_table_of_the_schema_is_decided_about_and_no_other(with_roles: str) -> None:
    assert decided() == tables(with_roles)


def test_a_table_that_nothing_is_decided_about_is_its_owner_s_alone_and_named(
    with_roles: str,
) -> None:
    with psycopg.connect(as_role(with_roles, MIGRATE), autocommit=True) as connection:
        connection.execute("create table klantcontact.nieuw (x int)")
    for role in (WORKER, READ):
        with (
            psycopg.connect(as_role(with_roles, role)) as connection,
            pytest.raises(InsufficientPrivilege),
        ):
            connection.execute("table klantcontact.nieuw")
    with pytest.raises(RaiseException, match="no rights are decided for nieuw"):
        run_file(with_roles)


def test_running_it_again_changes_nothing(with_roles: str) -> None:
    once = granted(with_roles)
    run_file(with_roles)
    assert granted(with_roles) == once


def test_workers_go_on_between_a_migration_and_the_file(with_roles: str) -> None:
    with psycopg.connect(with_roles, autocommit=True) as connection:
        connection.execute(f"revoke all on klantcontact.wachtend_token from {WORKER}".encode())
    with psycopg.connect(as_role(with_roles, WORKER)) as connection:
        connection.execute("update klantcontact.dead_letter set toestand = 'gearchiveerd'")


def test_a_right_that_was_given_by_hand_is_taken_back(with_roles: str) -> None:
    once = granted(with_roles)
    with psycopg.connect(with_roles, autocommit=True) as connection:
        connection.execute(
            f"grant delete on klantcontact.klantcontact to {WORKER}, public".encode()
        )
        connection.execute(
            f"alter default privileges for role {MIGRATE} in schema klantcontact"
            f" grant select on tables to {WORKER}".encode()
        )
    run_file(with_roles)
    assert granted(with_roles) == once


def test_a_database_from_before_the_roles_goes_over_to_their_owner(
    with_roles: str, database: str
) -> None:
    run_file(database)
    assert granted(database) == granted(with_roles)


def test_an_administrator_who_is_no_superuser_can_run_it(
    empty_database: str, administer: Administer
) -> None:
    administer("drop role if exists beheerder")
    administer("create role beheerder login createrole password 'beheerder'")
    name = empty_database.rpartition("/")[2]
    administer(f"alter database {name} owner to beheerder")
    run_file(as_role(empty_database, "beheerder"))
    set_passwords(administer)
    asyncio.run(migrate(as_role(empty_database, MIGRATE)))
    run_file(as_role(empty_database, "beheerder"))
    administer(f"alter database {name} owner to postgres")
    assert {row[2] for row in granted(empty_database) if row[0] == "table"} == {MIGRATE}
