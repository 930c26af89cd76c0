"""The same mails, as bytes already, over as many reused connections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import jobs
from tests.bench.peers.sending import send_all
from tests.bench.peers.task import Task, answer

if TYPE_CHECKING:
    import aiosmtplib

    from worker.rabbitmq.publishing import Publication


async def run(task: Task) -> float:
    """Send all; ends with the last answer."""

    async def send(client: aiosmtplib.SMTP, job: Publication) -> object:
        return await client.sendmail(job.headers["afzender"], [job.headers["ontvanger"]], job.body)

    return await send_all(jobs.read(Path(task.jobs), task.messages), task.smtp_port, send)


if __name__ == "__main__":
    answer(run)
