"""A database's URL of several hosts, taken apart."""

from __future__ import annotations

import pytest

from worker.errors import UsageError
from worker.postgres.tls import completed, each_host

_LOGIN = "postgresql://worker:geheim"


@pytest.mark.parametrize(
    "url",
    [
        f"{_LOGIN}@db.example.nl/klantcontact",
        f"{_LOGIN}@db.example.nl:5433/klantcontact?target_session_attrs=any",
        "postgresql:///klantcontact?host=/run/postgresql",
        "postgresql:///klantcontact",
    ],
)
def test_a_url_of_one_host_stays_as_it_is(url: str) -> None:
    assert each_host(url) == [url]


def test_each_host_has_its_port_and_takes_writes() -> None:
    wanted = "target_session_attrs=read-write"
    assert each_host(f"{_LOGIN}@a.example.nl:5432,b.example.nl,[::1]:5433/klantcontact") == [
        f"{_LOGIN}@a.example.nl:5432/klantcontact?{wanted}",
        f"{_LOGIN}@b.example.nl/klantcontact?{wanted}",
        f"{_LOGIN}@[::1]:5433/klantcontact?{wanted}",
    ]


def test_hosts_and_ports_may_be_parameters() -> None:
    url = "postgresql:///klantcontact?user=worker&host=a,b&port=5432,5433&target_session_attrs=any"
    assert [each.partition("?")[2].split("&") for each in each_host(url)] == [
        ["user=worker", "host=a", "port=5432", "target_session_attrs=any"],
        ["user=worker", "host=b", "port=5433", "target_session_attrs=any"],
    ]


def test_one_port_is_that_of_each_host() -> None:
    assert ["port=6432" in each for each in each_host(f"{_LOGIN}@a,b/k?port=6432")] == [True, True]


def test_a_standby_that_is_preferred_is_looked_for_at_each_host_first() -> None:
    urls = each_host(f"{_LOGIN}@a,b/k?target_session_attrs=prefer-standby")
    assert [each.partition("@")[2] for each in urls] == [
        "a/k?target_session_attrs=standby",
        "b/k?target_session_attrs=standby",
        "a/k?target_session_attrs=any",
        "b/k?target_session_attrs=any",
    ]


def test_what_verifies_a_database_verifies_each_host() -> None:
    urls = each_host(completed(f"{_LOGIN}@a.example.nl,b.example.nl/k"))
    assert len(urls) == 2
    assert all("sslmode=verify-full" in each and "sslrootcert=" in each for each in urls)


def test_hosts_and_ports_that_do_not_match_are_refused_without_the_password() -> None:
    with pytest.raises(UsageError, match="names 3 hosts and 2 ports") as caught:
        each_host(f"{_LOGIN}@a,b,c/k?port=1,2")
    assert "geheim" not in str(caught.value)
