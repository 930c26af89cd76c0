"""A message that asks for an answer, over direct reply-to, as the call center's user."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aio_pika
import pytest

from tests.proxy import passing
from tests.waiting import DEADLINE, until
from worker.errors import Outage
from worker.outcomes import may_be_answered
from worker.rabbitmq.asking import ask
from worker.rabbitmq.connection import connected
from worker.rabbitmq.publishing import Publication
from worker.rabbitmq.topology import REGISTRATIE

if TYPE_CHECKING:
    from aio_pika.abc import AbstractIncomingMessage

    from tests.broker import Broker

QUEUE = f"{REGISTRATIE}.callcenter"


def asking(routing_key: str = "callcenter") -> Publication:
    return Publication(REGISTRATIE, routing_key, "een", b"{}", "application/json")


def understood(content: bytes) -> str | None:
    return None if content == b"onzin" else content.decode()


async def ask_as(url: str, publication: Publication, seconds: float) -> tuple[bool, str | None]:
    async with connected(url, "test") as connection:
        return await ask(connection, publication, understood, seconds)


async def taken(broker: Broker) -> AbstractIncomingMessage:
    """What was asked, as the worker reads it."""
    queue = await (await broker.channel("worker")).get_queue(QUEUE, ensure=False)

    async def look() -> AbstractIncomingMessage | None:
        return await queue.get(no_ack=True, fail=False)

    return await until(look, "the question has come")


async def answer(
    broker: Broker, question: AbstractIncomingMessage, *given: tuple[str, str]
) -> None:
    """Answer as the worker does: on the default exchange, (correlation id, content) each."""
    exchange = (await broker.channel("worker")).default_exchange
    assert question.reply_to is not None
    for correlation, content in given:
        message = aio_pika.Message(content.encode(), correlation_id=correlation)
        await exchange.publish(message, question.reply_to, mandatory=False)


async def test_the_first_answer_that_is_to_this_question_and_understood_is_taken(
    broker: Broker,
) -> None:
    asked = asyncio.create_task(ask_as(broker.url("callcenter"), asking(), DEADLINE))
    question = await taken(broker)
    own = question.correlation_id or ""
    assert question.reply_to is not None
    assert may_be_answered(question.reply_to, "callcenter")
    await answer(broker, question, ("ander", "a"), (own, "onzin"), (own, "b"), (own, "c"))
    assert await asked == (True, "b")


async def test_two_questions_get_each_their_own_answer(broker: Broker) -> None:
    urls = [broker.url("callcenter")] * 2
    asked = [asyncio.create_task(ask_as(url, asking(), DEADLINE)) for url in urls]
    questions = [await taken(broker) for _ in asked]
    assert len({each.correlation_id for each in questions}) == 2
    for each in questions:
        await answer(broker, each, (each.correlation_id or "", each.correlation_id or ""))
    answers = {(await each)[1] for each in asked}
    assert answers == {each.correlation_id for each in questions}


async def test_a_message_that_no_queue_takes_is_not_waited_for(broker: Broker) -> None:
    # The administrator may write every routing key.
    assert await ask_as(broker.url("admin"), asking("niets"), DEADLINE) == (False, None)


async def test_a_connection_that_goes_while_waiting_leaves_the_outcome_unknown(
    broker: Broker,
) -> None:
    async with passing(broker.url("callcenter")) as proxy, asyncio.timeout(DEADLINE):
        asked = asyncio.create_task(ask_as(proxy.url, asking(), 10 * DEADLINE))
        await taken(broker)
        await proxy.cut()
        assert await asked == (True, None)


async def test_a_message_that_may_not_be_sent_is_an_outage(broker: Broker) -> None:
    with pytest.raises(Outage, match="permissions"):
        await ask_as(broker.url("callcenter"), asking("balie"), DEADLINE)


async def test_an_answer_that_is_not_final_is_kept_until_the_final_one_comes(
    broker: Broker,
) -> None:
    async def asking_twice(seconds: float) -> tuple[bool, str | None]:
        async with connected(broker.url("callcenter"), "test") as connection:
            return await ask(
                connection, asking(), understood, seconds, lambda answer: answer != "wacht"
            )

    asked = asyncio.create_task(asking_twice(DEADLINE))
    question = await taken(broker)
    own = question.correlation_id or ""
    await answer(broker, question, (own, "wacht"), (own, "klaar"))
    assert await asked == (True, "klaar")

    asked = asyncio.create_task(asking_twice(1))
    question = await taken(broker)
    await answer(broker, question, (question.correlation_id or "", "wacht"))
    assert await asked == (True, "wacht")
