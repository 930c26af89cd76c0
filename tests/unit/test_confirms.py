from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import frame
from pamqp.commands import Basic, Channel

from tests.frames import header
from worker.rabbitmq.confirms import Confirms, Window

if TYPE_CHECKING:
    from worker.rabbitmq.confirms import Route

METHOD, HEADER, BODY = 1, 2, 3


def ack(tag: int, *, several: bool = False) -> bytes:
    return _payload(Basic.Ack(tag, several))


def nack(tag: int, *, several: bool = False) -> bytes:
    return _payload(Basic.Nack(tag, several))


def _payload(
    method: Basic.Ack | Basic.Nack | Basic.Return | Basic.Deliver | Channel.Close,
) -> bytes:
    return frame.marshal(method, 1)[7:-1]


def route(number: int) -> Route:
    return ("klantcontact.notificatie", "email", f"bericht-{number}")


def expected(confirms: Confirms, count: int, *, first: int = 1) -> Window:
    future = asyncio.get_running_loop().create_future()
    window = Window([False] * count, count, future)
    confirms.expect(window, 0, [route(first + place) for place in range(count)])
    return window


async def test_a_window_is_done_when_each_of_it_was_answered() -> None:
    confirms = Confirms()
    window = expected(confirms, 3)
    for tag in (3, 1):
        assert confirms.take(METHOD, ack(tag))
        assert not window.done.done()
    assert confirms.take(METHOD, ack(2))
    assert window.done.done()
    assert window.confirmed == [True, True, True]


async def test_one_answer_may_be_for_all_up_to_a_number_and_for_two_windows() -> None:
    confirms = Confirms()
    first, second = expected(confirms, 2), expected(confirms, 3)
    confirms.take(METHOD, ack(4, several=True))
    assert first.done.done()
    assert (second.confirmed, second.missing) == ([True, True, False], 1)


async def test_what_the_broker_refuses_is_answered_and_not_confirmed() -> None:
    confirms = Confirms()
    window = expected(confirms, 3)
    confirms.take(METHOD, ack(1))
    confirms.take(METHOD, nack(3, several=True))
    assert window.done.done()
    assert window.confirmed == [True, False, False]


@pytest.mark.parametrize("pieces", [(), (b"x" * 10,), (b"x" * 4, b"x" * 6)])
async def test_what_comes_back_is_not_confirmed_whatever_is_said_of_it(
    pieces: tuple[bytes, ...],
) -> None:
    confirms = Confirms()
    window = expected(confirms, 3)
    confirms.take(METHOD, _payload(Basic.Return(312, "NO_ROUTE", *route(2)[:2])))
    confirms.take(HEADER, header(sum(map(len, pieces)), message_id="bericht-2"))
    for piece in pieces:
        assert confirms.take(BODY, piece)
    confirms.take(METHOD, ack(3, several=True))
    assert window.confirmed == [True, False, True]


async def test_a_message_of_the_same_id_by_another_route_does_not_come_back_with_it() -> None:
    confirms = Confirms()
    window = Window([False] * 2, 2, asyncio.get_running_loop().create_future())
    confirms.expect(window, 0, [("x", "fax", "bericht"), ("x", "email", "bericht")])
    confirms.take(METHOD, _payload(Basic.Return(312, "NO_ROUTE", "x", "fax")))
    confirms.take(HEADER, header(0, message_id="bericht"))
    confirms.take(METHOD, ack(2, several=True))
    assert window.confirmed == [False, True]


async def test_everything_else_is_left_to_the_client() -> None:
    confirms = Confirms()
    expected(confirms, 1)
    assert not confirms.take(METHOD, _payload(Channel.Close(404, "NOT_FOUND", 60, 40)))
    assert not confirms.take(METHOD, _payload(Basic.Deliver("q", 1, exchange="", routing_key="")))
    assert not confirms.take(HEADER, header(1))
    assert not confirms.take(BODY, b"x")


async def test_an_answer_nobody_waits_for_is_taken_and_changes_nothing() -> None:
    confirms = Confirms()
    window = expected(confirms, 1)
    assert confirms.take(METHOD, ack(7))
    window.done.cancel()
    assert confirms.take(METHOD, ack(1))
    assert window.missing == 0


@settings(print_blob=True)
@given(st.data())
async def test_each_message_has_the_answer_that_came_for_its_number(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))
    confirms = Confirms()
    windows = [expected(confirms, size) for size in sizes]
    unanswered = set(range(1, sum(sizes) + 1))
    answers = dict.fromkeys(unanswered, False)
    while unanswered:
        tag = data.draw(st.sampled_from(sorted(unanswered)))
        several, well = data.draw(st.booleans()), data.draw(st.booleans())
        confirms.take(METHOD, (ack if well else nack)(tag, several=several))
        answered = {each for each in unanswered if each == tag or (several and each < tag)}
        unanswered -= answered
        answers |= dict.fromkeys(answered, well)
    assert [well for window in windows for well in window.confirmed] == list(answers.values())
    assert all(window.done.done() for window in windows)
