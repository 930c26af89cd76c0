"""deploy/postgres/roles.sql, run as an administrator does, and connections as its roles."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from worker import postgres

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = Path(__file__).parents[1] / "deploy/postgres/roles.sql"
MIGRATE, WORKER, READ = ROLES = ("klantcontact_migrate", "klantcontact_worker", "klantcontact_read")
_STATEMENT = re.compile(r"\s*(select|with|insert|update|delete)\s", re.ASCII)
_PARAMETER = re.compile(r"\$(\d+)", re.ASCII)


def run_file(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FILE.read_bytes())


def as_role(url: str, role: str) -> str:
    """The same database as that role, whose password is its name."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{role}:{role}@{parts.netloc.rpartition('@')[2]}").geturl()


def set_passwords(administer: Callable[[str], None]) -> None:
    for role in ROLES:
        administer(f"alter role {role} password '{role}'")


def decided() -> set[str]:
    """The tables that the file decides about."""
    return set(re.findall(r"^ +\('(\w+)', '", FILE.read_text(encoding="utf-8"), re.MULTILINE))


def statements() -> list[str]:
    """Every statement that stands in worker/postgres; none is put together from pieces."""
    (folder,) = postgres.__path__
    trees = [ast.parse(each.read_text(encoding="utf-8")) for each in Path(folder).glob("*.py")]
    texts = [
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return [text for text in texts if _STATEMENT.match(text)]


def permitted(connection: psycopg.Connection, statement: str) -> bool:
    """Whether the connection's role may run it: it is planned with no values, and not run."""
    count = max((int(number) for number in _PARAMETER.findall(statement)), default=0)
    values = f"({', '.join(['null'] * count)})" if count else ""
    try:
        connection.execute(f"prepare gevraagd as {statement}".encode())
        connection.execute(f"explain execute gevraagd {values}".encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    finally:
        connection.execute("deallocate all")
    return True


_GRANTED = """
    select 'table', oid::regclass::text, relowner::regrole::text, relacl::text from pg_class
    where relkind = 'r' and relnamespace::regnamespace::text in ('klantcontact', 'public')
    union all
    select 'column', attrelid::regclass || '/' || attname, '', attacl::text from pg_attribute
    where attacl is not null
    union all
    select 'function', oid::regprocedure::text, proowner::regrole::text, proacl::text from pg_proc
    where pronamespace::regnamespace::text = 'klantcontact'
    union all
    select 'schema', nspname, nspowner::regrole::text, nspacl::text from pg_namespace
    -- Left by sessions of before.
    where nspname !~ '^pg_(toast_)?temp_'
    union all
    select 'default', defaclnamespace::regnamespace || '/' || defaclobjtype::text,
           defaclrole::regrole::text, defaclacl::text from pg_default_acl
    union all
    select 'database', '', datdba::regrole::text, datacl::text from pg_database
    where datname = current_database()
    order by 1, 2
"""


def granted(url: str) -> list[tuple[object, ...]]:
    """Who may do what, and who owns it, in the whole database."""
    with psycopg.connect(url) as connection:
        return connection.execute(_GRANTED.encode()).fetchall()


def tables(url: str) -> set[str]:
    """The tables of the schema."""
    query = "select tablename from pg_tables where schemaname = 'klantcontact'"
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute(query.encode()).fetchall()}
