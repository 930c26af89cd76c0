"""Databases with the schema and no rows, used again by one test after another.

To make one and drop it takes a sixth of a second, and there are more than a thousand tests:
here what a test left is taken out, and a database is dropped whose schema, rights or settings it
changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Callable

_SHAPE = """
select md5(string_agg(thing, ' ' order by thing)) from (
    select concat('class', c.oid::regclass, c.relkind, c.relnatts, c.relowner, c.relacl,
                  c.reloptions) as thing
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('klantcontact', 'public')
    union all
    select concat('column', a.attrelid::regclass, a.attname, a.atttypid, a.attnotnull,
                  a.attisdropped, a.attacl, a.attstattarget)
    from pg_attribute as a join pg_class as c on c.oid = a.attrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('klantcontact', 'public')
    union all
    select concat('constraint', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint
    union all
    select concat('trigger', tgrelid::regclass, tgname, tgenabled) from pg_trigger
    where not tgisinternal
    union all
    select concat('function', p.oid::regprocedure, p.prosrc, p.proacl) from pg_proc as p
    join pg_namespace as n on n.oid = p.pronamespace where n.nspname in ('klantcontact', 'public')
    union all
    select concat('namespace', nspname, nspowner, nspacl) from pg_namespace
    where nspname !~ '^pg_'
    union all
    select concat('database', datdba, datacl, datallowconn) from pg_database
    where datname = current_database()
    union all
    select concat('setting', setrole, setconfig) from pg_db_role_setting
    where setdatabase in (0, (select oid from pg_database where datname = current_database()))
    union all
    select concat('migration', migration_id) from public._yoyo_migration
) as things
"""
_OTHERS = """
select pg_terminate_backend(pid, 5000) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""
_TABLES = """
select c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = 'klantcontact' and c.relkind = 'r'
"""


@dataclass
class Databases:
    """Those of one server: `url` gives a database's by its name, `administer` runs a statement."""

    template: str
    url: Callable[[str], str]
    administer: Callable[[str], None]
    _shape: str = ""
    _idle: list[str] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def take(self) -> str:
        """The name of one that nobody has."""
        if self._idle:
            return self._idle.pop()
        name = f"test_again_{next(self._numbers)}"
        self.administer(f"create database {name} template {self.template}")
        if not self._shape:
            with psycopg.connect(self.url(name)) as connection:
                self._shape = _shape(connection)
        return name

    def give_back(self, name: str) -> None:
        """It is for the next one, or dropped."""
        if self._emptied(name):
            self._idle.append(name)
        else:
            self.administer(f"drop database if exists {name} with (force)")

    def _emptied(self, name: str) -> bool:
        try:
            with psycopg.connect(self.url(name), autocommit=True) as connection:
                connection.execute(_OTHERS)
                if _shape(connection) != self._shape:
                    return False
                _empty(connection)
        except psycopg.Error:
            return False
        return True


def _shape(connection: psycopg.Connection) -> str:
    found = connection.execute(_SHAPE).fetchone()
    return str(found and found[0])


def _empty(connection: psycopg.Connection) -> None:
    tables = [sql.Identifier("klantcontact", row[0]) for row in connection.execute(_TABLES)]
    any_row = sql.SQL("select exists (select from {})")
    filled = [
        each
        for each, row in zip(
            tables,
            connection.execute(
                sql.SQL(" union all ").join(any_row.format(each) for each in tables)
            ).fetchall(),
            strict=True,
        )
        if row[0]
    ]
    if filled:
        names = sql.SQL(", ").join(filled)
        connection.execute(sql.SQL("truncate {} restart identity cascade").format(names))
