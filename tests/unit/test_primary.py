"""Which server of a database was replaced, by what a process has seen."""

from __future__ import annotations

from worker.postgres.primary import Newest, Server


def test_the_first_server_and_a_newer_one_are_used() -> None:
    newest = Newest()
    assert newest.objection(Server(7, 1)) is None
    assert newest.objection(Server(7, 3)) is None
    assert newest.objection(Server(7, 3)) is None
    assert newest.is_older(Server(7, 2))
    assert not newest.is_older(Server(7, 3))
    assert not newest.is_older(None)


def test_a_server_on_an_older_timeline_is_an_old_primary() -> None:
    newest = Newest()
    newest.note(Server(7, 3))
    assert newest.objection(Server(7, 2)) == (
        "PostgreSQL is on timeline 2, and timeline 3 was seen: it is an old primary, and nothing"
        " is written to it; keep it from being reached, and make it a standby again:"
        " docs/operations.md, Fail over"
    )


def test_another_system_is_not_used_until_the_process_is_restarted() -> None:
    newest = Newest()
    newest.note(Server(7, 3))
    assert "another database system (8) than before (7)" in (newest.objection(Server(8, 9)) or "")
    assert newest.objection(Server(7, 3)) is None
    assert Newest().objection(Server(8, 9)) is None


def test_where_nobody_may_ask_there_is_no_objection() -> None:
    newest = Newest()
    assert newest.objection(None) is None
    newest.note(Server(7, 3))
    assert newest.objection(None) is None
