from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.contacts import ZAAK
from tests.mailed import ANNA, ANSWER, DOOF, KEES, Post

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

SHOW = ("notificaties", "show")


@pytest.fixture
def post(database: str) -> Post:
    return Post(database)


def _words(text: str) -> str:
    """Without the ends of lines, wherever the terminal's width puts them."""
    return " ".join(text.split())


def test_a_mail_is_shown_with_what_comes_next_first_and_then_all_that_is_known(
    run: Run, rows: Rows, post: Post
) -> None:
    contact = post.contact(ANNA)
    mail = post.mail()
    post.ends(mail, "uitgesteld", 450, "450 later")
    post.ends(mail, "mislukt", 550, ANSWER)
    ((letter,),) = rows("select id from dead_letter")
    shown = run(*SHOW, str(mail)).stdout
    lines = [line.rstrip() for line in shown.splitlines()]
    assert lines[:2] == [str(mail), "mislukt, 550"]
    assert f"  klantcontact notificaties resend {mail}" in lines[:6]
    for line in (
        f"zaak          {ZAAK}",
        "to            •••",
        "roles         initiator",
        "made          2026-11-23 13:00",
        "attempts      2",
        "kind          klantcontact-toegevoegd",
        "language      nl",
        "templates     ab12",
        "Message-ID    <een@example.nl>",
        f"dead letter   {letter} (open)",
        f"2026-11-01 11:58  call    {contact}",
        "2026-11-23 13:00  uitgesteld  450",
        "2026-11-23 13:00  mislukt  550",
        "  ••• (41 characters)",
    ):
        assert line in lines, line
    assert max(map(len, lines)) <= 80
    for personal in ("Anna", "anna@example.nl", "burger-01", "no such user"):
        assert personal not in shown
        assert personal not in run(*SHOW, str(mail), "--json").stdout
    assert rows("select count(*) from inzage") == [(0,)]


def test_what_is_revealed_is_on_record_with_who_and_why(run: Run, rows: Rows, post: Post) -> None:
    contact = post.contact(ANNA, DOOF)
    mail = post.mail()
    post.ends(mail, "mislukt", 550, ANSWER)
    reveal = ("--reveal", "--as", "piet", "--reason", "de klant belt")
    shown = run(*SHOW, str(mail), *reveal).stdout
    assert "Anna Voorbeeld <anna@example.nl>" in shown
    assert f"  {ANSWER}" in shown
    told = run(*SHOW, str(contact), *reveal).stdout
    assert "  Anna Voorbeeld <anna@example.nl>, burger-01" in told
    assert "  buur-01" in told
    found = json.loads(run(*SHOW, str(mail), *reveal, "--json").stdout)
    assert found["pogingenEnMeldingen"][0]["antwoord"] == found["antwoord"] == ANSWER
    assert (found["adres"], found["revealed"]) == ("anna@example.nl", True)
    assert sorted(rows("select door, onderwerp, reden from inzage")) == sorted(
        [
            ("piet", f"mail {mail}", "de klant belt"),
            ("piet", f"mail {mail}", "de klant belt"),
            ("piet", f"notificaties klantcontact {contact}", "de klant belt"),
        ]
    )


def test_what_came_back_says_so_and_that_the_address_is_to_be_seen_to(run: Run, post: Post) -> None:
    contact = post.contact(ANNA, DOOF)
    mail = post.mail()
    post.comes_back(mail)
    shown = run(*SHOW, str(mail)).stdout
    assert "2026-11-23 14:00  teruggekomen  550 5.1.1" in shown
    assert "address       counts as undeliverable since 2026-11-23 13:00" in shown
    assert "let the zaak's facts bring it, then:" in _words(shown)
    assert "--to-current-address" in shown
    found = json.loads(run(*SHOW, str(mail), "--json").stdout)
    assert found["command"][-2:] == [str(mail), "--to-current-address"]
    told = run(*SHOW, str(contact)).stdout
    assert "belanghebbende: no mail: opted out (afgemeld)\n" in told
    assert (
        "initiator: sent 2026-11-23 13:00, came back 2026-11-23 14:00 (5.1.1)\n"
        f"  mail {mail}\n" in told
    )


def test_of_a_klantcontact_it_is_shown_who_was_told_and_who_was_not(run: Run, post: Post) -> None:
    contact = post.contact(ANNA, KEES, DOOF)
    post.ends(post.mail(), "verzonden", 250)
    post.report(post.mail(), "vertraagd", "4.4.1", timedelta(hours=4))
    shown = run(*SHOW, str(contact)).stdout
    late = "initiator: sent 2026-11-23 13:00; not delivered yet 2026-11-23 17:00 (4.4.1)"
    for words in (
        f"klantcontact {contact}",
        f"2026-11-01 11:58  call  {ZAAK}",
        late,
        "gemachtigde: waits to be sent",
        "belanghebbende: no mail: opted out (afgemeld)",
    ):
        assert words in shown
    found = json.loads(run(*SHOW, str(contact), "--json").stdout)
    told = {each["rol"]: each for each in found["notificaties"]}
    assert told["initiator"]["laatste"]["toestand"] == "vertraagd"
    assert told["belanghebbende"]["naam"] is None
    assert told["gemachtigde"]["naam"] == "•••"
    for personal in ("Anna", "kees@", "buur-01"):
        assert personal not in shown
        assert personal not in str(found)


def test_a_klantcontact_that_nobody_was_to_be_told_of_says_so(run: Run, post: Post) -> None:
    contact = post.contact(ANNA)
    post.does(lambda pool: pool.execute("delete from notificatie"))
    assert "Nobody was to be told of it" in run(*SHOW, str(contact)).stdout


NEXT = [
    ("wacht", "it goes out by itself, 2026-11-23 13:15, with what joins it until then"),
    ("aangeboden", "it is on its way, and offered again by itself if it gets lost"),
    ("bezig", "it is on its way"),
    ("uitgesteld", "it is tried again by itself, 2026-11-23 13:05"),
    ("verzonden", "nothing: the mail server took it. Lost all the same?"),
    ("mislukt", "it is not tried again by itself: see to the cause"),
    ("onzeker", "it may have arrived or not"),
]


def test_in_each_toestand_it_says_what_comes_next(
    run: Run, rows: Rows, post: Post, subtests: pytest.Subtests
) -> None:
    post.contact(ANNA)
    mail = post.mail()
    for toestand, says in NEXT:
        with subtests.test(toestand):
            post.ends(mail, toestand)
            rows(
                "insert into outbox (id, soort, onderwerp, beschikbaar)"
                " select id, 'mail', id, '2026-11-23 12:15Z' from mail returning 1"
            )
            assert says in _words(run(*SHOW, str(mail)).stdout)


def test_a_mail_that_was_put_aside_or_archived_says_who_can_help(
    run: Run, rows: Rows, post: Post
) -> None:
    post.contact(ANNA)
    mail = post.mail()
    post.ends(mail, "onzeker")
    ((letter,),) = rows("update dead_letter set toestand = 'gearchiveerd' returning id")
    assert f"klantcontact dead-letters restore {letter}" in _words(run(*SHOW, str(mail)).stdout)
    post.comes_back(mail, marks=False)
    rows("update dead_letter set toestand = 'open' returning id")
    assert "it came back: see to the cause" in _words(run(*SHOW, str(mail)).stdout)
    rows(
        "insert into outbox (id, soort, onderwerp, beschikbaar, geparkeerd)"
        " select id, 'mail', id, now(), now() from mail returning 1"
    )
    assert "it could not be offered, and was put aside" in _words(run(*SHOW, str(mail)).stdout)


def test_an_answer_without_an_attempt_is_shown_masked(run: Run, rows: Rows, post: Post) -> None:
    post.contact(ANNA)
    mail = post.mail()
    rows("update mail set toestand = 'mislukt', antwoord = 'no such template' returning 1")
    assert "answer        ••• (16 characters)" in run(*SHOW, str(mail)).stdout
    assert "answer        no such template" in run(*SHOW, str(mail), "--reveal").stdout


def test_many_attempts_are_cut_on_a_terminal_and_whole_in_json(run: Run, post: Post) -> None:
    post.contact(ANNA)
    mail = post.mail()
    post.does(
        lambda pool: pool.execute(
            "insert into mail_poging (id, mail, moment, toestand, antwoord)"
            " select gen_random_uuid(), $1, now(), 'uitgesteld', 'later'"
            " from generate_series(1, 60)",
            mail,
        )
    )
    assert "… 10 earlier; --json prints them" in run(*SHOW, str(mail)).stdout
    assert len(json.loads(run(*SHOW, str(mail), "--json").stdout)["pogingenEnMeldingen"]) == 60


def test_what_a_terminal_obeys_is_not_printed(run: Run, post: Post) -> None:
    post.contact(ANNA)
    mail = post.mail()
    post.ends(mail, "mislukt", 550, "550 no\x1b]0;x\x07")
    assert "550 no?]0;x?" in run(*SHOW, str(mail), "--reveal").stdout


def test_what_is_not_there_is_told_in_a_line(run: Run, rows: Rows) -> None:
    nothing = str(UUID(int=7))
    for arguments in ((), ("--reveal",), ("--json",)):
        result = run(*SHOW, nothing, *arguments, code=1)
        assert result.stdout == ""
        assert result.stderr == (
            f"Error: there is no mail and no klantcontact {nothing}; "
            "`notificaties list` lists them\n"
        )
    assert rows("select count(*) from inzage") == [(0,)]
