from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from tests.contacts import ZAAK
from tests.put_away import LEASE, laid
from tests.registering import ANNOUNCER
from worker.clock import now
from worker.postgres.outbox import PostgresOutbox
from worker.postgres.pool import connected
from worker.relay import DueRecall
from worker.stored import Recall

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typer.testing import Result

    from worker.relay import Due

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

TOESTANDEN = "select toestand, count(*) from dead_letter group by 1 order by 1"


def test_a_named_one_is_on_its_way_with_who_and_why(run: Run, database: str, rows: Rows) -> None:
    one, _ = laid(database, 2)
    said = run("dead-letters", "retry", one, "--as", "jan", "--reason", "zaak heropend").stdout
    assert said.splitlines()[0] == "1 retried."
    assert "dead-letters list --toestand hervat" in said
    assert rows(TOESTANDEN) == [("hervat", 1), ("open", 1)]
    (letter,) = rows(
        "select id, opnieuw, ook_verlopen, nieuw_id from dead_letter where toestand = 'hervat'"
    )
    (act,) = rows(
        """
        select dead_letter, handeling, door, reden, moment, bijzonderheden
        from dead_letter_handeling
        """
    )
    assert letter == (UUID(one), act[4] + LEASE, False, None)
    assert act[:4] == (UUID(one), "retry", "jan", "zaak heropend")
    assert act[5] is None
    outbox = rows("select soort, onderwerp, beschikbaar, adres, inhoud from outbox")
    assert outbox == [("hervat", UUID(one), act[4], None, UUID(one).bytes)]


def test_many_leave_by_few_rows_each_of_them_once(run: Run, database: str, rows: Rows) -> None:
    letters = {UUID(each) for each in laid(database, 120)}
    run("dead-letters", "retry", "--all", "--yes")
    recalls = claimed(database)
    assert sorted(map(len, recalls)) == [20, 50, 50]
    recalled = [each.dead_letter for several in recalls for each in several]
    assert len(recalled) == 120
    assert set(recalled) == letters
    assert rows(TOESTANDEN) == [("hervat", 120)]


def test_a_row_of_the_version_before_calls_back_one(database: str, rows: Rows) -> None:
    (one,) = laid(database)
    rows(
        """
        insert into outbox (id, soort, onderwerp, beschikbaar)
        select gen_random_uuid(), 'hervat', id, now() from dead_letter returning 1
        """
    )
    assert claimed(database) == [(Recall(UUID(one)),)]


def claimed(database: str) -> list[tuple[Recall, ...]]:
    """What a relay would call back, by the rows of the outbox."""

    async def claim() -> Sequence[Due]:
        async with connected(database, size=1) as pool:
            return await PostgresOutbox(pool, ANNOUNCER).claim(now(), now() + LEASE, 200)

    return [each.recalls for each in asyncio.run(claim()) if isinstance(each, DueRecall)]


def test_filters_leave_the_others_alone(run: Run, database: str, rows: Rows) -> None:
    wanted = laid(database, 1, zaak=ZAAK)
    laid(database, 1, zaak="ZAAK-2")
    laid(database, 1, zaak=ZAAK, code="bericht-ongeldig")
    laid(database, 1, zaak=ZAAK, toestand="gearchiveerd")
    laid(database, 1, zaak=ZAAK, laatste=now() - timedelta(days=3))
    asked = ("--all", "--zaak", ZAAK, "--code", "zaak-afgesloten", "--since", "2h")
    assert "1 retried." in run("dead-letters", "retry", *asked).stdout
    assert rows("select id from dead_letter where toestand = 'hervat'") == [(UUID(wanted[0]),)]


def test_a_group_is_retried_by_its_name(run: Run, database: str, rows: Rows) -> None:
    laid(database, 2)
    laid(database, 1, code="onverwacht")
    group = "zaak-afgesloten/registratie.callcenter/-"
    document = json.loads(run("dead-letters", "retry", "--group", group, "--json").stdout)
    assert document == {"retried": 2, "passed": 0, "complete": True}
    assert rows(TOESTANDEN) == [("hervat", 2), ("open", 1)]


def test_one_that_cannot_be_retried_keeps_all_that_were_named(
    run: Run, database: str, rows: Rows
) -> None:
    (good,) = laid(database)
    became, unknown = uuid4(), uuid4()
    (resolved,) = laid(database, toestand="opgelost", klantcontact=became)
    (fact,) = laid(database, toestand="opgelost", queue="klantcontact.zaken")
    (on_its_way,) = laid(database, toestand="hervat")
    (archived,) = laid(database, toestand="gearchiveerd")
    (bounce,) = laid(database, queue="klantcontact.bounce\x1b[31m")
    named = (good, str(unknown), resolved, fact, on_its_way, archived, bounce)
    said = run("dead-letters", "retry", *named, code=1).stderr.splitlines()
    assert said == [
        "Error: nothing was retried",
        f"{unknown}: there is no such dead letter",
        f"{resolved}: was resolved: it is klantcontact {became}",
        f"{fact}: was resolved already",
        f"{on_its_way}: is on its way already; `dead-letters show` tells what became of it",
        f"{archived}: is archived; `dead-letters restore` it first",
        (
            f"{bounce}: came from klantcontact.bounce?[31m, and cannot be retried;"
            " `dead-letters archive` it"
        ),
    ]
    assert rows("select count(*) from outbox") == rows("select count(*) from dead_letter_handeling")
    assert rows("select count(*) from outbox") == [(0,)]


def test_of_many_that_cannot_be_retried_twenty_are_named(run: Run, database: str) -> None:
    named = laid(database, 25, toestand="gearchiveerd")
    said = run("dead-letters", "retry", *named, code=1).stderr.splitlines()
    assert len(said) == 22
    assert said[-1] == "and 5 more"


def test_one_that_waits_comes_sooner(run: Run, database: str, rows: Rows) -> None:
    later = now() + timedelta(hours=1)
    named, other = laid(database, 2, toestand="wacht", opnieuw=later, code="zaak-onbekend")
    assert "Nothing to retry." in run("dead-letters", "retry", "--all").stdout
    run("dead-letters", "retry", named)
    assert rows("select id from dead_letter where toestand = 'hervat'") == [(UUID(named),)]
    run("dead-letters", "retry", "--all", "--toestand", "wacht")
    on_their_way = rows("select id, opnieuw from dead_letter where toestand = 'hervat'")
    assert {each[0] for each in on_their_way} == {UUID(named), UUID(other)}
    assert all(each[1] < later for each in on_their_way)


def test_what_is_allowed_holds_for_one_attempt_and_is_in_the_history(
    run: Run, database: str, rows: Rows
) -> None:
    one, two = laid(database, 2)
    run("dead-letters", "retry", one, two, "--accept-late", "--new-id")
    allowed = rows("select ook_verlopen, nieuw_id from dead_letter order by nieuw_id")
    assert [each[0] for each in allowed] == [True, True]
    assert len({UUID(each[1]) for each in allowed}) == 2
    history = rows("select bijzonderheden from dead_letter_handeling")
    ids = {json.loads(each[0])["new_id"] for each in history}
    assert ids == {each[1] for each in allowed}
    assert all(json.loads(each[0])["accept_late"] is True for each in history)

    rows("update dead_letter set toestand = 'open'")
    run("dead-letters", "retry", "--all")
    assert rows("select distinct ook_verlopen, nieuw_id from dead_letter") == [(False, None)]


def test_facts_are_retried_as_klantcontacten_are(run: Run, database: str, rows: Rows) -> None:
    laid(database, queue="klantcontact.zaken")
    run("dead-letters", "retry", "--all")
    assert rows("select soort from outbox") == [("hervat",)]


def test_an_id_that_stands_twice_is_retried_once(run: Run, database: str, rows: Rows) -> None:
    (one,) = laid(database)
    assert "1 retried." in run("dead-letters", "retry", one, one).stdout
    assert rows("select count(*) from dead_letter_handeling") == [(1,)]


def test_what_came_after_the_command_began_is_left(run: Run, database: str, rows: Rows) -> None:
    laid(database, 1, laatste=now() + timedelta(minutes=1))
    laid(database, 1)
    assert "1 retried." in run("dead-letters", "retry", "--all").stdout
    assert rows(TOESTANDEN) == [("hervat", 1), ("open", 1)]
