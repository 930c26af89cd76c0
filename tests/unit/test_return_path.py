from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from worker.return_path import envelope_sender, mail_of

MAIL = UUID("01936f5e-0000-7000-8000-00000000002a")


def test_the_envelope_sender_of_a_mail_names_it() -> None:
    sender = envelope_sender("bounces@example.nl", MAIL)
    assert sender == "bounces+01936f5e00007000800000000000002a@example.nl"
    assert mail_of(sender) == MAIL


def test_each_mail_comes_back_as_itself() -> None:
    mails = [uuid4() for _ in range(20)]
    assert [mail_of(envelope_sender("a.b@example.nl", mail)) for mail in mails] == mails


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("Bounces+01936F5E00007000800000000000002A@EXAMPLE.NL", MAIL),
        ("<bounces+01936f5e00007000800000000000002a@example.nl>", MAIL),
        ("bounces@example.nl", None),
        ("bounces+iets@example.nl", None),
        ("bounces+01936f5e00007000800000000000002a", None),
        ("", None),
    ],
)
def test_an_address_is_read_however_it_is_written(address: str, found: UUID | None) -> None:
    assert mail_of(address) == found
