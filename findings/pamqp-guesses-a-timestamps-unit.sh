#!/usr/bin/env bash
# pamqp 4.0.1: the unit of an AMQP timestamp depends on its size, and bad text fails in two ways.
#
# Guess: an AMQP 0-9-1 timestamp is a number of seconds (4.2.5.4), so a large one is a late moment or
# an error. Text that is not UTF-8 fails alike wherever it stands.
# Seen: above 2**32 - 1 the number is taken for milliseconds. A sender of milliseconds is read
# right; a moment in seconds after February 2106 becomes one in 1970, without a word; microseconds
# raise ValueError. A long string in a header table that is not UTF-8 comes as bytes. A short
# string, as a message_id, raises UnicodeDecodeError instead.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pamqp==4.0.1
"$work/venv/bin/python" - <<'PYTHON' | tee "$work/seen"
from importlib.metadata import version

from pamqp import commands, decode


def moment(number):
    try:
        return decode.timestamp(number.to_bytes(8, "big"))[1].isoformat()
    except Exception as error:
        return type(error).__name__


def properties(flags, content):
    read = commands.Basic.Properties()
    try:
        read.unmarshal(flags, content)
    except Exception as error:
        return type(error).__name__
    return read.headers


print("pamqp", version("pamqp"))
print("2**32 - 1:", moment(2**32 - 1))
print("2**32:", moment(2**32))
print("microseconds:", moment(1_767_605_700_123_456))
kind = b"\x04text"
# Flags: content_type, headers; then content_type, message_id (AMQP 0-9-1, 4.2.6.1).
table = b"\x01n" + b"S" + (2).to_bytes(4, "big") + b"\xe9\xe8"
print("long string:", properties(1 << 15 | 1 << 13, kind + len(table).to_bytes(4, "big") + table))
print("short string:", properties(1 << 15 | 1 << 7, kind + b"\x02\xe9\xe8"))
PYTHON
diff "$work/seen" - <<'SEEN'
pamqp 4.0.1
2**32 - 1: 2106-02-07T06:28:15+00:00
2**32: 1970-02-19T17:02:47.296000+00:00
microseconds: ValueError
long string: {'n': b'\xe9\xe8'}
short string: UnicodeDecodeError
SEEN
echo "as seen before"
