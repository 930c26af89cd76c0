"""What `klantcontact status` shows, and what it leaves out where there is no room."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from uuid import UUID

from rich.console import Console

from tests.contacts import NOW
from worker.cli.status import Status, document
from worker.cli.status_page import Page
from worker.counting import Counts
from worker.presence import Present
from worker.rabbitmq.depths import Depth
from worker.role import Role
from worker.standing import State

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
CLOSED = "RabbitMQ closed the connection"


def process(
    number: int, *roles: Role, seen: timedelta = timedelta(), **more: object
) -> list[Present]:
    first = Present(
        UUID(int=number), "", f"host-{number}", 12, "0.1.0", State.READY, None, NOW - HOUR, NOW
    )
    given = {**more, "seen": NOW - seen}
    return [replace(first, role=role.value, **given) for role in roles or Role]  # type: ignore[arg-type]


def out(number: int, *roles: Role, since: timedelta = 40 * SECOND) -> list[Present]:
    return process(number, *roles, state=State.OUT, reason=CLOSED, since=NOW - since)


def status(*processes: list[Present], counts: Counts | None = None) -> Status:
    found = [role for each in processes for role in each]
    queues = [Depth("klantcontact.zaken", 3, 1)]
    return Status(NOW, [], queues, found, counts or Counts(), 1, 2)


def shown(found: Status, height: int = 100) -> list[str]:
    into = StringIO()
    console = Console(file=into, width=80, height=height, force_terminal=True, color_system=None)
    console.print(Page(found), end="")
    return [line.rstrip() for line in into.getvalue().splitlines()]


def test_a_process_is_one_line_with_its_roles_and_their_state() -> None:
    page = shown(status(process(1), [*process(2, Role.INTAKE), *out(2, Role.MAILER)]))
    assert "host-1, 12  0.1.0    intake relay mailer sink gereed" in " ".join(page)
    (line,) = [each for each in page if "host-2, 12  0.1.0" in each]
    assert "intake gereed, mailer uitval" in line


def test_the_hosts_of_the_broker_are_shown_with_how_many_roles_are_at_each() -> None:
    one, other = "mq-1.example.nl:5671", "mq-2.example.nl:5671"
    page = " ".join(
        shown(
            status(
                process(1, broker=one),
                process(2, Role.SINK, broker=other),
                process(3, Role.SINK, broker="mq-3.example.nl:5671", seen=HOUR),
            )
        )
    )
    assert f"Connected to the broker at {one} (4 roles), {other} (1 role)." in page
    assert "Connected" not in " ".join(shown(status(process(1))))


def test_what_is_out_is_said_once_with_its_reason_however_many_processes_lack_it() -> None:
    page = shown(status(out(1), out(2, Role.INTAKE, since=2 * HOUR)))
    assert page[1:3] == [
        "intake relay mailer sink uitval for 2 h (2 processes): RabbitMQ closed the",
        "connection",
    ]
    assert "".join(page).count("uitval for") == 1
    assert "No process is ready for intake, relay, mailer, sink" in page


def test_a_role_that_is_ready_somewhere_is_not_missed() -> None:
    page = shown(status(process(1), out(2, Role.INTAKE)))
    assert page[1] == f"intake uitval for 40 s (host-2, 12): {CLOSED}"
    assert not [line for line in page if line.startswith("No ")]


def test_a_role_that_no_process_has_is_said_with_the_command_that_starts_it() -> None:
    page = shown(status(process(1, Role.INTAKE, Role.RELAY, Role.SINK)))
    assert page[1] == "No mailer is at work: klantcontact worker --role mailer"


def test_a_process_that_is_no_longer_seen_is_wrong_and_its_roles_are_nobody_s() -> None:
    page = shown(status(process(1, Role.INTAKE, seen=25 * SECOND)))
    assert page[1] == "Not seen for 25 s: host-1, 12 (intake)"
    assert "No intake is at work: klantcontact worker --role intake" in page


def test_those_that_were_killed_long_ago_are_one_line() -> None:
    killed = [process(number, seen=number * HOUR) for number in (1, 2, 3)]
    page = shown(status(process(4), *killed))
    assert [line for line in page if "host-1" in line or "without a word" in line] == [
        "3 processes ended without a word, last seen 1 h ago."
    ]


def test_what_is_wrong_stands_first_and_processes_stand_last() -> None:
    counts = Counts(parked=2, dead_letters={("onverwacht", "open"): 1})
    page = shown(status(out(1), counts=counts))
    marks = [
        "uitval for",
        "2 rows parked in the outbox",
        "dead letters, open",
        "zaken",
        "host-1, 12  ",
    ]
    places = [next(row for row, line in enumerate(page) if mark in line) for mark in marks]
    assert places == sorted(places)


def test_on_a_terminal_that_is_too_low_it_says_how_many_lines_are_left_out() -> None:
    found = status(process(1))
    whole, low = shown(found), shown(found, height=10)
    assert low[:9] == whole[:9]
    assert low[9:] == [
        f"{len(whole) - 9} more lines: make the terminal higher, or leave out --watch"
    ]


def test_on_a_terminal_that_is_just_high_enough_nothing_is_left_out() -> None:
    found = status(process(1))
    whole = shown(found)
    assert shown(found, height=len(whole)) == whole


def test_a_name_from_another_machine_moves_nothing_on_the_terminal() -> None:
    page = shown(status(process(1, host="[red]x\x1b[2J", version="\x1b[2J")))
    assert "\x1b[2J" not in "".join(page)
    assert "[red]x" in "".join(page)


def test_as_json_a_role_is_alive_only_if_it_is_ready_and_was_seen() -> None:
    found = status(process(1, Role.INTAKE), out(2, Role.INTAKE), process(3, Role.INTAKE, seen=HOUR))
    told = document(found)["processes"]
    assert [(each["alive"], each["state"], each["reason"]) for each in told] == [
        (True, "gereed", None),
        (False, "uitval", CLOSED),
        (False, "gereed", None),
    ]
