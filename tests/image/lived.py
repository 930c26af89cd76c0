"""The image at work: all roles in one process, against an embedded broker and database."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from tests.image.life import SECONDS, Life, show
from tests.image.room import SHOWN, end
from tests.image.started import until
from worker.role import Role
from worker.stack.ports import LOOPBACK, free_ports

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.building import Built
    from tests.image.report import Report
    from tests.image.started import Started
    from worker.stack.state import StackState


def live(image: Built, state: StackState, folder: Path, context: Path, report: Report) -> None:
    """Start the program, let it do its work once, and stop it."""
    show(state, folder, context)
    life = Life(image, state, folder, *free_ports(1))
    report.check("HEALTHCHECK says no while nothing runs", holds=not life.healthy())
    _succeeds(life, report, "klantcontact migrate", "migrate")
    worker = life.start()
    try:
        if _starts(life, worker, report):
            _look_at(life, worker, report)
            _work(life, report)
        status = worker.stop()
    finally:
        end(worker.holder)
    last = worker.last_words()
    report.check("SIGTERM ends it with exit status 0", holds=status == 0, details=last)
    report.check("HEALTHCHECK says no once it has ended", holds=not life.healthy())


def _starts(life: Life, worker: Started, report: Report) -> bool:
    configuration = life.image.configuration
    started = until(lambda: life.healthy() or not worker.runs(), SECONDS) and worker.runs()
    last = worker.last_words()
    command = " ".join((*configuration.entrypoint, *configuration.command))
    report.check(f"{command}: starts, and HEALTHCHECK says yes", holds=started, details=last)
    return started


def _look_at(life: Life, worker: Started, report: Report) -> None:
    all_ready = until(lambda: _ready(life.port), SECONDS)
    report.check("it is ready: /readyz says 200", holds=all_ready, details=worker.last_words())
    ready = [line for line in worker.said().splitlines() if '"event":"gereed"' in line]
    roles = {json.loads(line)["rol"] for line in ready}
    wanted = {role.value for role in Role}
    report.check(f"with all roles: {', '.join(sorted(wanted))}", holds=roles == wanted)
    _look_at_process(life, worker, report)


def _look_at_process(life: Life, worker: Started, report: Report) -> None:
    user, group = str(life.image.configuration.user), str(life.image.configuration.group)
    status = worker.status()
    # Real, effective, saved, and for files.
    ours = status["Uid"] == [user] * 4 and status["Gid"] == [group] * 4
    details = [f"{name} {' '.join(status[name])}" for name in ("Uid", "Gid", "Groups")]
    report.check(f"runs as {user}:{group} and nobody else", holds=ours, details=details)
    report.none("in no other group", status["Groups"])
    powers = [name for name in ("CapPrm", "CapEff") if int(status[name][0], 16)]
    report.none("with none of root's powers", powers)
    options = sorted(worker.root_options())
    report.check("with a root that is mounted read-only", holds="ro" in options, details=options)


def _work(life: Life, report: Report) -> None:
    imported = ("register", "import", f"{SHOWN}/register.jsonl")
    _succeeds(life, report, "klantcontact register import", *imported)
    sent = ("publish", f"{SHOWN}/call.json", "--as", "callcenter", "--client-id", "kcc", "--wait")
    channel = {"KLANTCONTACT_AMQP_URL_FILE": f"{SHOWN}/channel-url"}
    _succeeds(life, report, "a klantcontact is sent, and registered", *sent, **channel)
    mails = life.state.mail_dir
    came = until(lambda: any(mails.glob("*.eml")), SECONDS)
    report.check("its mails go out, of the templates in the image", holds=came)


def _succeeds(life: Life, report: Report, what: str, *words: str, **more: str) -> None:
    """Whether that command of the image ends well."""
    status, said = life.entered(*words, **more)
    report.check(what, holds=status == 0, details=[f"exit status {status}", *said.splitlines()])


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}/readyz").status_code == HTTPStatus.OK
    except httpx.HTTPError:
        return False
