"""Ports are free, and each is given once."""

from __future__ import annotations

import socket

import pytest

from worker.stack.errors import StackError
from worker.stack.ports import LOOPBACK, accepts, reserved, reserved_again


def test_ports_differ_and_a_server_can_take_each() -> None:
    """What is reserved is not in the server's way."""
    with reserved(3) as ports:
        assert len(set(ports)) == len(ports)
        for port in ports:
            assert not accepts(port)
            with socket.create_server((LOOPBACK, port)):
                assert accepts(port)


def test_a_reserved_port_is_nobody_elses() -> None:
    """Stacks that start at the same time get different ports."""
    with reserved(30) as ours, reserved(30) as theirs:
        assert not set(ours) & set(theirs)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((LOOPBACK, ours[0]))


def test_too_many_ports_are_refused() -> None:
    """There is an end to looking."""
    with pytest.raises(StackError, match="free ports"), reserved(1000):
        pass


def test_a_port_that_was_ours_is_ours_again() -> None:
    """Also where connections of then are still ending."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)):
            server.accept()[0].close()
    with reserved_again({"amqp": port}) as ports:
        assert ports == {"amqp": port}
        with socket.create_server((LOOPBACK, port)):
            assert accepts(port)


def test_where_somebody_else_listens_by_now_it_is_another_port() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with reserved_again({"amqp": port}) as ports:
            assert ports["amqp"] != port


def test_a_port_that_never_was_is_a_free_one() -> None:
    with reserved_again({"amqp": None, "smtp": None}) as ports:
        assert len(set(ports.values())) == 2
