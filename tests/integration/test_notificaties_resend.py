from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.mailed import ANNA, BYTES, KEES, Post
from tests.posted import due_mails
from tests.put_away import wish
from tests.registering import ANNOUNCER
from worker.clock import now
from worker.errors import UsageError
from worker.postgres.outbox import PostgresOutbox
from worker.postgres.resend_plan import Wish
from worker.postgres.resending import resend

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from worker.postgres.pool import Pool
    from worker.relay import DueMail

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

RESEND = ("notificaties", "resend")
WHO = ("--as", "jan", "--reason", "zij belde")
MOVED = {**ANNA, "email": "nieuw@example.nl", "taal": "en"}
TOLD = "select betrokkene, mail from notificatie where mail is not null order by betrokkene, mail"


@pytest.fixture
def post(database: str) -> Post:
    return Post(database)


def _offered(post: Post) -> list[DueMail]:
    """What the relay offers next."""

    async def ask(pool: Pool) -> list[DueMail]:
        outbox = PostgresOutbox(pool, ANNOUNCER)
        return await due_mails(outbox, now(), now(), 10)

    found: list[DueMail] = post.does(ask)
    return found


@pytest.mark.parametrize("toestand", ["mislukt", "onzeker"])
def test_a_mail_that_failed_goes_again_as_it_was_by_way_of_its_dead_letter(
    run: Run, rows: Rows, post: Post, toestand: str
) -> None:
    post.contact(ANNA, KEES)
    mail = post.mail()
    post.ends(mail, toestand, words="silence")
    said = run(*RESEND, str(mail), *WHO).stdout
    assert f"{mail}: the same mail is on its way again.\n" in said
    assert ("it comes twice" in said) == (toestand == "onzeker")
    assert f"klantcontact notificaties show {mail}" in said
    (due,) = _offered(post)
    assert (due.facts.mail, due.frozen) == (mail, BYTES)
    assert rows(f"select toestand, pogingen from mail where id = '{mail}'") == [("wacht", 0)]  # noqa: S608 (its own)
    assert rows("select toestand from dead_letter") == [("hervat",)]
    assert rows("select handeling, door, reden from dead_letter_handeling") == [
        ("retry", "jan", "zij belde")
    ]
    shown = run("notificaties", "show", str(mail)).stdout
    assert "retry by jan\n  zij belde" in shown
    again = run(*RESEND, str(mail), code=1).stderr
    assert f"nothing to do; `klantcontact notificaties show {mail}` follows it" in again


def test_a_mail_whose_dead_letter_is_gone_goes_again_all_the_same(
    run: Run, rows: Rows, post: Post
) -> None:
    post.contact(ANNA)
    mail = post.mail()
    post.ends(mail, "mislukt", 550)
    rows("delete from dead_letter returning 1")
    done = json.loads(run(*RESEND, str(mail), *WHO, "--json").stdout)
    assert done == {"mail": str(mail), "same": True, "mails": [str(mail)], "unmarked": False}
    (due,) = _offered(post)
    assert (due.facts.mail, due.frozen) == (mail, BYTES)
    assert rows("select mail, handeling, door, reden from mail_handeling") == [
        (mail, "resend", "jan", "zij belde")
    ]


def test_a_mail_that_was_sent_goes_again_as_a_new_one_only_if_that_is_said(
    run: Run, rows: Rows, post: Post
) -> None:
    contact = post.contact(ANNA, KEES)
    mail = post.mail()
    post.ends(mail, "verzonden", 250)
    refused = run(*RESEND, str(mail), code=1)
    assert "--again sends it once more, as a new mail" in refused.stderr
    assert rows("select count(*) from outbox") == [(0,)]
    said = run(*RESEND, str(mail), "--again", *WHO).stdout
    new = post.mail()
    assert new != mail
    assert said.startswith(f"{mail}: a new mail goes out instead of it:\n  {new}\n")
    (due,) = _offered(post)
    assert (due.facts.mail, due.frozen, due.facts.adres) == (new, None, ANNA["email"])
    assert len(due.facts.contacten) == 1
    assert rows("select zaak, soort, sleutel, herhaalt, open from mail order by gemaakt")[-1] == (
        "ZAAK-2026-0000001",
        "klantcontact-toegevoegd",
        "anna@example.nl",
        mail,
        False,
    )
    kees = post.mail(KEES["identificatie"])
    assert rows(TOLD) == [("burger-01", new), ("gemachtigde-01", kees)]
    assert (
        "initiator: to be sent anew; sent before, 2026-11-23 13:00"
        in run("notificaties", "show", str(contact)).stdout
    )


def test_a_mail_that_is_sent_anew_stays_in_its_trace(run: Run, post: Post) -> None:
    post.contact(ANNA)
    mail = post.mail()
    post.does(lambda pool: pool.execute("update mail set trace = '{00-ab-cd-01}'"))
    post.ends(mail, "verzonden", 250)
    run(*RESEND, str(mail), "--again", *WHO)
    (due,) = _offered(post)
    assert due.facts.mail != mail
    assert due.traces == ("00-ab-cd-01",)


def test_who_sent_it_anew_and_why_stands_with_both_and_the_old_one_points_to_the_new(
    run: Run, post: Post
) -> None:
    post.contact(ANNA)
    mail = post.mail()
    post.ends(mail, "verzonden", 250)
    run(*RESEND, str(mail), "--again", *WHO)
    new = post.mail()
    old_page = run("notificaties", "show", str(mail)).stdout
    assert f"resend by jan as {new}\n  zij belde" in old_page
    assert (
        f"it was sent anew: look at that mail\n  klantcontact notificaties show {new}" in old_page
    )
    new_page = run("notificaties", "show", str(new)).stdout
    assert "resend by jan\n  zij belde" in new_page
    assert f"instead of    {mail}" in new_page
    assert f"sent anew as mail {new}" in run(*RESEND, str(mail), "--again", code=1).stderr


def test_a_person_who_vouches_for_an_address_lifts_its_mark(
    run: Run, rows: Rows, post: Post
) -> None:
    post.contact(ANNA, KEES)
    mail = post.mail()
    post.comes_back(mail)
    said = run(*RESEND, str(mail), *WHO).stdout
    assert "Its address counted as undeliverable; it does not any more.\n" in said
    assert rows("select count(*) from onbestelbaar") == [(0,)]
    assert rows("select mail, handeling, door from mail_handeling") == [(mail, "unmark", "jan")]
    assert "unmark by jan" in run("notificaties", "show", str(mail)).stdout
    later = post.contact()
    assert "initiator: waits" in run("notificaties", "show", str(later)).stdout


def test_whoever_has_another_address_now_is_told_there_and_the_dead_letter_is_put_away(
    run: Run, rows: Rows, post: Post
) -> None:
    post.contact(ANNA, KEES)
    mail = post.mail()
    post.comes_back(mail)
    post.now_are(MOVED, KEES)
    refused = run(*RESEND, str(mail), code=1).stderr
    assert "--to-current-address sends a new mail to that one" in refused
    done = json.loads(run(*RESEND, str(mail), "--to-current-address", *WHO, "--json").stdout)
    new = post.mail()
    assert done == {"mail": str(mail), "same": False, "mails": [str(new)], "unmarked": False}
    (due,) = _offered(post)
    assert (due.facts.mail, due.facts.adres, due.facts.taal) == (new, "nieuw@example.nl", "en")
    assert rows("select toestand from dead_letter") == [("gearchiveerd",)]
    assert rows("select handeling, door, reden from dead_letter_handeling") == [
        ("archive", "jan", "zij belde")
    ]
    # The old address stays marked: nobody vouched for that one.
    assert rows("select adres from onbestelbaar") == [("anna@example.nl",)]


def test_of_two_who_shared_an_address_the_one_who_stays_keeps_the_mail_and_its_dead_letter(
    run: Run, rows: Rows, post: Post
) -> None:
    shares = {**KEES, "email": "ANNA@example.nl"}
    post.contact(ANNA, shares)
    mail = post.mail()
    assert mail == post.mail(KEES["identificatie"])
    post.ends(mail, "mislukt", 550)
    post.now_are(MOVED, shares)
    run(*RESEND, str(mail), "--to-current-address")
    new = post.mail()
    assert rows(TOLD) == [("burger-01", new), ("gemachtigde-01", mail)]
    assert rows("select toestand from dead_letter") == [("open",)]
    assert "the same mail is on its way again" in run(*RESEND, str(mail)).stdout


@pytest.mark.parametrize("again", [False, True])
def test_of_two_who_send_it_again_at_once_one_does_and_the_other_is_told(
    rows: Rows, post: Post, *, again: bool
) -> None:
    post.contact(ANNA)
    mail = post.mail()
    post.ends(mail, "verzonden" if again else "mislukt")

    async def both(pool: Pool) -> list[object]:
        each = (resend(pool, mail, Wish(again=again), wish()) for _ in range(2))
        return await asyncio.gather(*each, return_exceptions=True)

    came = post.does(both)
    assert [isinstance(each, UsageError) for each in came].count(True) == 1, came
    assert rows("select count(*) from outbox") == [(1,)]


async def test_whatever_is_asked_of_a_mail_that_is_not_there_is_a_clear_line(pool: Pool) -> None:
    with pytest.raises(UsageError, match="there is no mail 0"):
        await resend(pool, UUID(int=0), Wish(), wish())
