"""Contexts of traces in the database, from the intake to the relay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import TracerProvider

from tests.contacts import NOW
from tests.facts import fill
from tests.registering import ANNOUNCER, registrations, within
from tests.registrations import registration
from worker import spans
from worker.postgres.outbox import PostgresOutbox
from worker.relay import DueAnnouncement, DueMail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from worker.postgres.pool import Pool
    from worker.registration import Registration

WINDOW = timedelta(minutes=15)
LATER = NOW + WINDOW
LEASE = LATER + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def listened() -> Iterator[None]:
    spans.listen(TracerProvider(shutdown_on_exit=False).get_tracer("test"))
    yield
    spans.quiet()


def traced() -> Registration:
    asked = registration()
    return replace(asked, span=spans.of_message("queue", asked.envelope.id, None))


async def store(pool: Pool, *asked: Registration, window: timedelta = WINDOW) -> None:
    async with registrations(pool, window).transaction() as transaction:
        await within(transaction, *asked)


async def followed(pool: Pool) -> tuple[str, ...]:
    """What the one mail follows."""
    claimed = await PostgresOutbox(pool, ANNOUNCER).claim(LATER, LEASE, 100)
    (due,) = [each for each in claimed if isinstance(each, DueMail)]
    return due.traces


async def test_an_event_and_a_mail_follow_their_message(pool: Pool) -> None:
    await fill(pool)
    asked = traced()
    await store(pool, asked, window=timedelta(0))
    due = await PostgresOutbox(pool, ANNOUNCER).claim(NOW, LATER, 10)
    of_mails = [each.traces for each in due if isinstance(each, DueMail)]
    told = [each.told.trace for each in due if isinstance(each, DueAnnouncement)]
    assert of_mails == [(spans.carried(asked.span),)]
    assert told == [spans.carried(asked.span)]


async def test_a_mail_follows_all_that_it_tells_in_one_batch_and_in_the_next(pool: Pool) -> None:
    await fill(pool)
    asked = [traced() for _ in range(3)]
    await store(pool, *asked[:2])
    await store(pool, asked[2])
    assert await followed(pool) == tuple(spans.carried(each.span) for each in asked)


async def test_what_is_traced_and_what_is_not_share_a_mail(pool: Pool) -> None:
    await fill(pool)
    asked = [registration(), traced(), registration()]
    for each in asked:
        await store(pool, each)
    assert await followed(pool) == (spans.carried(asked[1].span),)


async def test_a_mail_keeps_no_more_than_its_first_32(pool: Pool) -> None:
    await fill(pool)
    asked = [traced() for _ in range(33)]
    for each in asked:
        await store(pool, each)
    assert await followed(pool) == tuple(spans.carried(each.span) for each in asked[:32])


async def test_a_mail_keeps_no_more_than_32_of_one_batch(pool: Pool) -> None:
    await fill(pool)
    asked = [traced() for _ in range(33)]
    await store(pool, *asked)
    assert await followed(pool) == tuple(spans.carried(each.span) for each in asked[:32])
