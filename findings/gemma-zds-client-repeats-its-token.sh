#!/usr/bin/env bash
# gemma-zds-client 2.0.0: one ClientAuth gives the same token for as long as it lives.
#
# Guess: credentials() makes a token for each call, since peers in the ZGW landscape refuse a token
# one hour after its `iat`. So a service can keep one ClientAuth for its lifetime.
# Seen: the first call makes the token and keeps it. Later calls return that token with its first
# `iat`, and the token has no `exp`. A service that keeps the object is refused after an hour; it
# must make a ClientAuth for each message.
#
# The import also needs pkg_resources, which the package does not ask for: setuptools below 81.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet gemma-zds-client==2.0.0 PyJWT==2.15.1 setuptools==80.9.0
"$work/venv/bin/python" -W ignore - <<'PYTHON' | tee "$work/seen"
import time
from importlib.metadata import version

import jwt
from zds_client import ClientAuth

auth = ClientAuth("kcc", "an-example-secret-of-32-characters", user_id="mdw-0042")


def claims():
    token = auth.credentials()["Authorization"].removeprefix("Bearer ")
    return jwt.decode(token, options={"verify_signature": False})


first = claims()
until = first["iat"] + 2
while time.time() < until:
    time.sleep(0.1)
later = claims()
print("gemma-zds-client", version("gemma-zds-client"))
print("later iat - first iat:", later["iat"] - first["iat"])
print("exp:", later.get("exp"))
fresh = ClientAuth("kcc", "an-example-secret-of-32-characters").credentials()
age = jwt.decode(fresh["Authorization"][7:], options={"verify_signature": False})["iat"] - first["iat"]
print("a second ClientAuth has a later iat:", age >= 2)
PYTHON
diff "$work/seen" - <<'SEEN'
gemma-zds-client 2.0.0
later iat - first iat: 0
exp: None
a second ClientAuth has a later iat: True
SEEN
echo "as seen before"
