"""Several hosts of a broker in one URL, and the order in which they are tried."""

from __future__ import annotations

import pytest

from worker.errors import Outage, UsageError
from worker.rabbitmq.connection import translated
from worker.rabbitmq.hosts import Failed, Host, Target, hosts
from worker.rabbitmq.tls import located

_LOGIN = "worker:geh%40eim"


@pytest.mark.parametrize(
    ("scheme", "listed", "each"),
    [
        ("amqp", "mq-1", ["mq-1:5672"]),
        ("amqps", "mq-1", ["mq-1:5671"]),
        ("amqps", "h1:5671,h2:5673,h3", ["h1:5671", "h2:5673", "h3:5671"]),
        ("amqp", "10.0.0.1,[2001:db8::1]:5673,[::1]", ["10.0.0.1:5672", "[2001:db8::1]:5673"]),
    ],
)
def test_each_host_has_its_port_or_that_of_the_scheme(
    scheme: str, listed: str, each: list[str]
) -> None:
    found = [str(host) for host in hosts(f"{scheme}://{_LOGIN}@{listed}/vhost?frame_max=8192")]
    assert found[: len(each)] == each


def test_the_url_of_a_host_has_everything_but_the_other_hosts() -> None:
    first, second = hosts(f"amqps://{_LOGIN}@h1:1,[::1]/a%2Fb?frame_max=8192")
    assert first.url == f"amqps://{_LOGIN}@h1:1/a%2Fb?frame_max=8192"
    assert second.url == f"amqps://{_LOGIN}@[::1]:5671/a%2Fb?frame_max=8192"
    assert second.name == "::1"
    assert "geh" not in repr((first, second))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("amqp://worker:geheim@h1,,h2/", "host 2 of 3 is empty; is there a comma too many?"),
        ("amqp://worker:geheim@h1,/", "host 2 of 2 is empty"),
        ("amqp://worker:geheim@,h1/", "host 1 of 2 is empty"),
        ("amqp://worker:geheim@h1:geheim,h2/", "host 1 of 2 is no host or host:port"),
        ("amqp://worker:geheim@h1,h2:0/", "host 2 of 2 is no host or host:port"),
        ("amqp://worker:geheim@h1,h2:65536/", "host 2 of 2 is no host or host:port"),
        ("amqp://worker:geheim@h1,h2:/", "host 2 of 2 is no host or host:port"),
        ("amqp://worker:geheim@h1,::1/", "host 2 of 2 is no host or host:port"),
        ("amqp://worker:geheim@h1, h2/", "host 2 of 2 is no host or host:port"),
        ("amqp://worker:geheim@h1;h2:1:2/", "the host is no host or host:port"),
        ("amqp://worker:geheim@h1,worker:geheim@h2/", "names the user once, before the first"),
        ("amqp://worker:geheim@h1,amqp://worker:geheim@h2/", "host 2 of 2 is no host"),
        ("amqp://worker:geheim@/", "names no host"),
        ("amqp:///vhost", "names no host"),
        ("h1:5672,h2:5672", "begins with amqps:// or amqp://"),
    ],
)
def test_a_bad_list_is_refused_in_words_that_hold_none_of_it(url: str, says: str) -> None:
    with pytest.raises(UsageError, match="KLANTCONTACT_AMQP_URL") as caught:
        hosts(url)
    assert says in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_one_host_elsewhere_is_enough_for_others_to_listen() -> None:
    assert located("amqp://worker@127.0.0.1,mq-2.example.nl/").open_to_others
    assert not located("amqp://worker@127.0.0.1,localhost,[::1]/").open_to_others
    assert not located("amqps://worker@127.0.0.1,mq-2.example.nl/").open_to_others


class _Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def _targets(count: int) -> list[Target]:
    return [Target(Host(f"mq-{n}", 5671, ""), f"10.0.0.{n}") for n in range(count)]


def test_hosts_are_tried_at_random_so_that_processes_spread() -> None:
    mq = _targets(3)
    assert {Failed().order(mq)[0] for _ in range(200)} == set(mq)


def test_hosts_that_failed_lately_come_last_the_latest_of_them_at_the_end() -> None:
    mq, clock = _targets(4), _Clock()
    failed = Failed(clock)
    for each in (mq[2], mq[0]):
        failed.note(each)
        clock.now += 1
    orders = [failed.order(mq) for _ in range(50)]
    assert all(each[2:] == [mq[2], mq[0]] for each in orders)
    assert {each[0] for each in orders} == {mq[1], mq[3]}


def test_a_failure_is_forgotten_after_a_minute() -> None:
    mq, clock = _targets(2), _Clock()
    failed = Failed(clock)
    failed.note(mq[0])
    clock.now += 61
    assert {failed.order(mq)[0] for _ in range(100)} == set(mq)


async def test_a_broker_that_leaves_before_it_is_greeted_is_an_outage() -> None:
    with pytest.raises(Outage, match="RabbitMQ does not answer"), translated():
        raise StopAsyncIteration
