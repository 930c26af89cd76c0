from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from tests.put_away import laid

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

MAILS = "klantcontact.notificatie.email"


def failed_mail(database: str, rows: Rows, toestand: str = "mislukt") -> tuple[UUID, str]:
    """A mail that came to its end, and its dead letter."""
    ((mail,),) = rows(
        f"""
        insert into mail (id, zaak, adres, naam, taal, toestand, gemaakt, pogingen)
        values ('{uuid4()}', 'ZAAK-1', 'a@example.nl', 'A', 'nl', '{toestand}', now(), 7)
        returning id
        """  # noqa: S608 (the values are the test's own)
    )
    (letter,) = laid(database, queue=MAILS, code="mail-mislukt", bericht_id=str(mail))
    return UUID(str(mail)), letter


@pytest.mark.parametrize("toestand", ["mislukt", "onzeker"])
@pytest.mark.parametrize("named", [True, False])
def test_a_mail_that_failed_is_offered_again(
    run: Run, database: str, rows: Rows, toestand: str, *, named: bool
) -> None:
    mail, letter = failed_mail(database, rows, toestand)
    run("dead-letters", "retry", letter if named else "--all")
    assert rows("select toestand, pogingen, opnieuw from mail") == [("wacht", 0, None)]
    assert rows("select soort, onderwerp from outbox") == [("mail", mail)]
    assert rows("select toestand, opnieuw from dead_letter") == [("hervat", None)]


@pytest.mark.parametrize(
    ("toestand", "why"),
    [
        ("verzonden", "its mail was sent after all; `dead-letters archive` it"),
        ("aangeboden", "its mail is being sent already; wait for what becomes of it"),
    ],
)
def test_a_mail_that_needs_no_retry_is_left_alone(
    run: Run, database: str, rows: Rows, toestand: str, why: str
) -> None:
    _, letter = failed_mail(database, rows, toestand)
    assert f"{letter}: {why}" in run("dead-letters", "retry", letter, code=1).stderr
    assert "1 passed over" in run("dead-letters", "retry", "--all").stdout
    assert rows("select count(*) from outbox") == [(0,)]


@pytest.mark.parametrize("message_id", ["geen uuid", "7f0e4a3c-6d0b-4e55-9a41-5d2c1b0f9e8a"])
def test_a_mail_that_is_not_there_any_more_is_to_be_archived(
    run: Run, database: str, message_id: str
) -> None:
    (letter,) = laid(database, queue=MAILS, bericht_id=message_id)
    said = run("dead-letters", "retry", letter, code=1).stderr
    assert f"{letter}: its mail is not there any more; `dead-letters archive` it" in said
    assert "1 passed over" in run("dead-letters", "retry", "--all").stdout


@pytest.mark.parametrize("option", ["--accept-late", "--new-id"])
def test_what_is_for_klantcontacten_is_refused_for_facts_and_mails(
    run: Run, database: str, rows: Rows, option: str
) -> None:
    (fact,) = laid(database, queue="klantcontact.zaken")
    _, mail = failed_mail(database, rows)
    said = run("dead-letters", "retry", fact, mail, option, code=1).stderr
    assert f"{fact}: is a fact, and" in said
    assert f"{mail}: is a mail, and" in said
    refused = run("dead-letters", "retry", "--all", "--queue", "zaken", option, code=2).stderr
    assert refused == "Error: --accept-late and --new-id are for klantcontacten: leave them out\n"
    assert "2 passed over" in run("dead-letters", "retry", "--all", option).stdout
    assert rows("select count(*) from outbox") == [(0,)]
