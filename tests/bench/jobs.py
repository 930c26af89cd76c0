"""Mail jobs in a file, as the relay published them: a JSON document a line."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING

from worker.rabbitmq.publishing import Publication

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write(file: Path, jobs: Iterable[Publication]) -> None:
    """Keep the jobs; any bytes survive as the characters of the same number."""
    with file.open("w", encoding="utf-8") as lines:
        for job in jobs:
            document = {**asdict(job), "body": job.body.decode("latin-1")}
            lines.write(json.dumps(document) + "\n")


def read(file: Path, count: int) -> list[Publication]:
    """The first `count` of them."""
    with file.open(encoding="utf-8") as lines:
        documents = [json.loads(line) for line in islice(lines, count)]
    if len(documents) < count:
        raise ValueError(f"{count} jobs asked, {len(documents)} are there")
    return [
        Publication(**{**document, "body": document["body"].encode("latin-1")})
        for document in documents
    ]
