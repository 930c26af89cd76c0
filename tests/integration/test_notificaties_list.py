from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.contacts import ZAAK
from tests.mailed import ANNA, ANSWER, DOOF, KEES, Post
from worker.postgres.mail_lists import TOESTANDEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

LIST = ("notificaties", "list")
PERSONAL = ("Anna", "anna@", "Kees", "kees@", "burger-01")


@pytest.fixture
def post(database: str) -> Post:
    return Post(database)


@pytest.fixture
def mixed(post: Post) -> dict[str, UUID]:
    """One of each, from old to new: the mails to Anna and Kees, and a klantcontact."""
    contact = post.contact(ANNA, KEES, DOOF)
    anna, kees = post.mail(), post.mail(KEES["identificatie"])
    post.ends(anna, "mislukt", 550, ANSWER)
    post.ends(kees, "verzonden", 250)
    return {"contact": contact, "anna": anna, "kees": kees}


def _listed(run: Run, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*LIST, "--json", *arguments).stdout)[
        "notificaties"
    ]
    return found


def test_a_list_says_of_each_how_it_stands_and_of_whom_only_the_role(
    run: Run, mixed: dict[str, UUID]
) -> None:
    shown = run(*LIST).stdout
    for words in (
        f"{mixed['anna']}  mislukt  550",
        f"{mixed['kees']}  verzonden  250",
        f"{mixed['contact']}  achterwege",
        "  2026-11-23 13:00 (",
        f" ago)  {ZAAK}  initiator",
        "sent 2026-11-23 13:00",
        "1 klantcontact  1 attempt",
        "belanghebbende: opted out (afgemeld)",
        "klantcontact notificaties show ID",
    ):
        assert words in shown, words
    assert max(len(line) for line in shown.splitlines()) <= 80
    for personal in PERSONAL:
        assert personal not in shown
        assert personal not in str(_listed(run))


def test_what_is_revealed_is_on_record_mail_by_mail(
    run: Run, rows: Rows, mixed: dict[str, UUID]
) -> None:
    reveal = ("--reveal", "--as", "piet", "--reason", "de klant belt")
    assert "Anna Voorbeeld <anna@example.nl>" in run(*LIST, *reveal).stdout
    found = {each["id"]: each for each in _listed(run, *reveal, "--toestand", "mislukt")}
    assert found[str(mixed["anna"])]["adres"] == "anna@example.nl"
    looked = rows("select door, onderwerp, reden, count(*) from inzage group by 1, 2, 3 order by 2")
    assert sorted(looked) == sorted(
        [
            ("piet", f"mail {mixed['anna']}", "de klant belt", 2),
            ("piet", f"mail {mixed['kees']}", "de klant belt", 1),
        ]
    )


def test_a_look_at_what_is_masked_leaves_no_trace(
    run: Run, rows: Rows, mixed: dict[str, UUID]
) -> None:
    assert len(_listed(run)) == len(mixed)
    assert rows("select count(*) from inzage") == [(0,)]


FILTERS = [
    ((), ["kees", "anna", "contact"]),
    (("--toestand", "alle"), ["kees", "anna", "contact"]),
    (("--toestand", "mislukt"), ["anna"]),
    (("--toestand", "verzonden"), ["kees"]),
    (("--toestand", "achterwege"), ["contact"]),
    (("--toestand", "onzeker"), []),
    (("--code", "550"), ["anna"]),
    (("--code", "250"), ["kees"]),
    (("--code", "451"), []),
    (("--code", "afgemeld"), ["contact"]),
    (("--code", "geen-adres"), []),
    (("--code", "550", "--toestand", "achterwege"), []),
    (("--zaak", ZAAK), ["kees", "anna", "contact"]),
    (("--zaak", ZAAK, "--toestand", "achterwege", "--code", "afgemeld"), ["contact"]),
    (("--zaak", ZAAK, "--code", "geen-adres"), []),
    (("--zaak", "ZAAK-2"), []),
    (("--since", "1h"), ["kees", "anna", "contact"]),
    (("--until", "1h"), []),
    (("--since", "1h", "--until", "1h"), []),
]


def test_filters_leave_what_they_say(
    run: Run, mixed: dict[str, UUID], subtests: pytest.Subtests
) -> None:
    for arguments, left in FILTERS:
        with subtests.test(" ".join(arguments)):
            found = [each["id"] for each in _listed(run, *arguments)]
            # Two mails of one moment come in no order of their own.
            assert sorted(found) == sorted(str(mixed[name]) for name in left)


def test_a_page_of_those_who_were_not_told_goes_on_after_its_last(run: Run, post: Post) -> None:
    first, second = post.contact(ANNA, DOOF), post.contact()
    for zaak in ((), ("--zaak", ZAAK)):
        withheld = ("--toestand", "achterwege", *zaak)
        assert [each["id"] for each in _listed(run, *withheld, "--limit", "1")] == [str(second)]
        rest = _listed(run, *withheld, "--after", str(second))
        assert [each["id"] for each in rest] == [str(first)]


def test_of_one_reason_only_those_of_that_reason_are_named(run: Run, post: Post) -> None:
    contact = post.contact(ANNA, DOOF, {**KEES, "email": None})
    post.now_are(ANNA, DOOF)
    post.contact()
    for zaak in ((), ("--zaak", ZAAK)):
        (one,) = _listed(run, "--code", "geen-adres", "--limit", "1", *zaak)
        assert one["id"] == str(contact)
        assert one["redenen"] == [{"rol": "gemachtigde", "reden": "geen-adres"}]


@pytest.mark.parametrize("zaak", [(), ("--zaak", ZAAK)], ids=["all", "of a zaak"])
def test_pages_by_their_hints_hold_each_once_and_the_newest_first(
    run: Run, post: Post, monkeypatch: pytest.MonkeyPatch, zaak: tuple[str, ...]
) -> None:
    post.contact(ANNA, KEES, DOOF)
    for _ in range(3):
        post.contact()
    seen: list[str] = []
    after: tuple[str, ...] = ()
    for _ in range(3):
        page = json.loads(run(*LIST, "--json", "--limit", "5", *zaak, *after).stdout)
        seen += [each["id"] for each in page["notificaties"]]
        after = ("--after", str(page["next"]))
    assert page["next"] is None
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 12
    monkeypatch.setenv("COLUMNS", "60")
    hint = run(*LIST, "--limit", "5", *zaak).stdout.split("More:\n")[1]
    assert hint.replace("\\\n", " ").split()[-1] == seen[4]


def test_a_mail_that_is_put_off_or_was_sent_anew_says_so(
    run: Run, rows: Rows, post: Post, mixed: dict[str, UUID]
) -> None:
    post.ends(mixed["anna"], "uitgesteld", 451)
    post.does(lambda pool: pool.execute("update mail set opnieuw = now() + interval '90 min 30 s'"))
    assert "(in 1 h)" in run(*LIST, "--toestand", "uitgesteld").stdout
    run("notificaties", "resend", str(mixed["kees"]), "--again")
    new = post.mail(KEES["identificatie"])
    shown = run(*LIST).stdout
    assert f"\n  sent anew as {new}\n" in shown
    assert f"\n  instead of {mixed['kees']}\n" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert rows("select count(*) from mail") == [(3,)]


def test_nothing_to_list_is_a_clear_line(run: Run, mixed: dict[str, UUID]) -> None:
    assert mixed
    shown = run(*LIST, "--toestand", "onzeker").stdout
    assert shown == "Nothing is left by these options; with fewer there may be.\n"


def test_before_anybody_was_told_of_anything_a_list_says_so(run: Run) -> None:
    assert run(*LIST).stdout == "Nobody was to be told of anything yet.\n"
    assert json.loads(run(*LIST, "--json").stdout) == {"notificaties": [], "next": None}


REFUSED = [
    (("--after", str(UUID(int=0))), 1, "there is no notificatie"),
    (("--toestand", "open"), 2, f"--toestand takes one of {', '.join(TOESTANDEN)}"),
    (("--code", "niets"), 2, "--code takes a number as 550, or one of afgemeld"),
    (("--code", "99"), 2, "--code takes a number"),
    (("--since", "gisteren"), 2, "--since takes"),
    (("--zaak", "\udcff"), 2, "--zaak takes"),
    (("--limit", "0"), 2, "--limit"),
]


def test_what_cannot_be_listed_is_a_clear_line(run: Run, subtests: pytest.Subtests) -> None:
    for arguments, code, says in REFUSED:
        with subtests.test(ascii(arguments)):
            result = run(*LIST, *arguments, code=code)
            assert says in result.stderr
            assert result.stdout == ""
