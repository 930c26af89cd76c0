"""What the demo does: import, publish, wait, compare."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from worker.cli.demo.messages import REGISTER, REGISTERED, REPEATED, Sample
from worker.cli.demo.program import Program
from worker.cli.signing import Signer
from worker.clock import database_now
from worker.errors import UsageError
from worker.importing import import_lines
from worker.postgres import dossier, migrating
from worker.postgres.pool import connected as postgres
from worker.postgres.register import PostgresRegister
from worker.postgres.results import SentMail, Totals, mails, totals
from worker.rabbitmq.connection import connected as rabbitmq
from worker.rabbitmq.publishing import Publisher, publishing
from worker.role import Role
from worker.settings import Settings
from worker.stack.state import StackState

_BY = "demo"
_SETTLE_SECONDS = 60
_POLL_SECONDS = 0.1
_SHOWN = "ZAAK-2026-0000001"

Outcomes = Counter[tuple[str, str]]
"""How often each (message, outcome) was logged; the outcome of a refusal is its code."""


@dataclass(frozen=True, slots=True)
class End:
    """How it all ended."""

    totals: Totals
    mails: list[SentMail]
    dossier: dict[str, Any]
    mail_files: int


async def prepare(state: StackState) -> int:
    """Make the schema and import the register; returns how many facts there are now."""
    await migrating.migrate(state.postgres)
    with REGISTER.open("rb") as source:
        async with postgres(state.postgres, size=1) as pool:
            imported = await import_lines(
                source,
                PostgresRegister(pool),
                now=database_now(),
                sent=None,
                skew=Settings().clock_skew,
                by=_BY,
                advance=lambda _: None,
            )
    if imported.bad:
        raise UsageError(f"the demo's register has bad lines: {imported.bad}")
    return imported.stored


def publish(state: StackState, program: Program, sent: Sequence[Sample]) -> Outcomes:
    """Publish wave after wave, each when the one before is settled; what the log says of it."""
    program.await_lines(_ready, "the worker to be ready", _SETTLE_SECONDS)
    settled = 0
    for wave in sorted({each.wave for each in sent}):
        batch = [each for each in sent if each.wave == wave]
        asyncio.run(_publish(state, batch))
        settled += len(batch)
        program.await_lines(_Settled(settled), f"{settled} messages to be settled", _SETTLE_SECONDS)
    return outcomes(program.lines())


@dataclass(frozen=True, slots=True)
class _Settled:
    count: int

    def __call__(self, lines: list[dict[str, Any]]) -> bool:
        return outcomes(lines).total() >= self.count


def _ready(lines: list[dict[str, Any]]) -> bool:
    return {line["rol"] for line in lines if line["event"] == "gereed"} == set(Role)


def outcomes(lines: list[dict[str, Any]]) -> Outcomes:
    """What became of each message in the end: the log has one line for every outcome."""
    return Counter(
        (line["bericht"], line.get("code", line["outcome"]))
        for line in lines
        if line["event"] == "klantcontact" and line["outcome"] != "uitgesteld"
    )


async def _publish(state: StackState, batch: Sequence[Sample]) -> None:
    """Each channel system has its own user and connection, and sends in order."""
    signer = _signer(state)
    async with AsyncExitStack() as stack:
        channels: dict[str, Publisher] = {}
        for user in dict.fromkeys(each.as_ for each in batch):
            connection = await stack.enter_async_context(rabbitmq(state.users[user], _BY))
            channels[user] = await stack.enter_async_context(publishing(connection))
        for each in batch:
            signed = await signer.signed(each.publication(), each.choice())
            if not all(await channels[each.as_].publish([signed])):
                raise UsageError(f"the broker did not take message {each.id}")


def _signer(state: StackState) -> Signer:
    """With the stack's keys and register, whatever else the settings name."""
    own = {
        "postgres_url": SecretStr(state.postgres),
        "token_secrets_file": state.token_secrets,
        "openid_jwks": str(state.openid_jwks),
    }
    return Signer(Settings().model_copy(update=own), state)


async def settled(state: StackState) -> End:
    """Wait until every mail was sent and the outbox is empty; then what there is."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    async with postgres(state.postgres, size=1) as pool:
        while (count := await totals(pool)).outbox or count.mails_sent < count.mails:
            if time.monotonic() > deadline:
                raise UsageError(f"mails are not all sent after {_SETTLE_SECONDS} s: {count}")
            await asyncio.sleep(_POLL_SECONDS)
        return End(
            totals=count,
            mails=await mails(pool),
            dossier=await dossier.dossier(pool, _SHOWN, reveal=False) or {},
            mail_files=len(list(state.mail_dir.glob("*.eml"))),
        )


def surprises(sent: Sequence[Sample], became: Outcomes, end: End) -> list[str]:
    """Whatever did not end as expected, a line each."""
    wanted = Counter((each.id, each.expected) for each in sent)
    found = [f"{name} should have become {what}" for name, what in wanted - became]
    found += [f"{name} became {what}" for name, what in became - wanted]
    registered = sum(each.expected == REGISTERED for each in sent)
    refused = sum(each.expected not in {REGISTERED, REPEATED} for each in sent)
    counts = (
        ("klantcontacten", end.totals.klantcontacten, registered),
        ("dead letters", end.totals.dead_letters, refused),
        ("mails at the mail server", end.mail_files, end.totals.mails),
    )
    return found + [f"{what}: {is_}, not {due}" for what, is_, due in counts if is_ != due]
