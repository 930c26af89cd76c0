"""Makes the demonstration's passwords, once, and lays each where its one reader looks.

Runs inside the image: `python make_secrets.py FOLDER`. Each folder in FOLDER is a volume that one
kind of service has: the broker, the database, the worker, a channel system.
"""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path

from worker.rabbitmq.topology import definitions
from worker.rabbitmq.users import user_definitions

BROKER = "rabbitmq:5672/%2F"
DATABASE = "postgres:5432/klantcontact?sslmode=disable"
"""Nothing leaves the machine: the services speak over a network of their own."""


def files() -> dict[str, str]:
    """What is in each file, all of it made anew."""
    worker, channel, database, client = (secrets.token_urlsafe(32) for _ in range(4))
    tokens = json.dumps({"kcc": {"current": client}})
    return {
        "broker/1-topology.json": json.dumps(definitions()),
        "broker/2-users.json": json.dumps(
            user_definitions({"worker": worker, "callcenter": channel})
        ),
        "database/password": database,
        "channel/amqp-url": f"amqp://callcenter:{channel}@{BROKER}",
        "channel/tokens.json": tokens,
        "worker/amqp-url": f"amqp://worker:{worker}@{BROKER}",
        "worker/postgres-url": f"postgresql://klantcontact:{database}@{DATABASE}",
        # The last one, so that it tells whether all are there.
        "worker/tokens.json": tokens,
    }


def main(folder: Path) -> None:
    """Lay down the files, unless they are there: what was made with them needs the same ones."""
    made = files()
    if (folder / list(made)[-1]).exists():
        return
    for name, content in made.items():
        file = folder / name
        file.write_text(content, encoding="utf-8")
        # Each service has a user of its own; who may read is said by who has the volume.
        file.chmod(0o444)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
