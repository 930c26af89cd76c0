"""Which refusals say that an address does not exist, and which ones only seem to."""

from __future__ import annotations

import pytest

from worker.domain.undeliverable import undeliverable


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.1.1", ""),
        ("5.1.1", "unknown user: burger"),
        ("5.1.1", "550 5.1.1 <burger@example.nl>: User unknown in relay recipient table"),
        ("5.1.1", "550-5.1.1 The account that you tried to reach does not 550 5.1.1 exist."),
        ("5.1.1", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found"),
        ("5.1.1", "550 User unknown"),
        ("5.1.1", "550 <spam.policy@block.example>: no such user here"),
        ("5.1.1", "host mx.example.nl[192.5.1.2] said: 550 5.1.1 no mailbox here by that name"),
        ("5.1.2", "550 Host unknown"),
        ("5.2.1", "550 5.2.1 The account is disabled"),
        ("5.0.0", "550 5.1.1 <burger@example.nl>: Recipient address rejected"),
        (None, "550 5.1.1 <burger@example.nl>: Recipient address rejected"),
        (None, "550 sorry, no mailbox here by that name. (#5.1.1)"),
    ],
)
def test_an_address_does_not_exist_where_status_and_words_agree(
    status: str | None, words: str
) -> None:
    assert undeliverable(status, words) is not None


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.1.1", "550 5.7.1 client on our block list"),
        ("5.1.1", "552 5.2.2 Over quota"),
        ("5.1.1", "552 mailbox unknown"),
        ("5.1.1", "550 Over quota"),
        ("5.1.1", "550 blocked: unknown user of a bad network"),
        ("5.1.1", "550 5.1.1 rejected by policy"),
        ("5.1.1", "550 5.1.1 host 192.0.2.1 has sent to too many recipients this hour"),
        ("5.1.1", "550 Refused"),
        ("5.1.1", "450 User unknown"),
        ("5.1.1", "550 4.1.1 User unknown"),
        ("5.1.1", "550 5.1.1 Sender address does not exist"),
        ("5.1.3", "553 see the list of addresses"),
        ("5.1.6", "551 not here"),
        ("5.2.1", "550 5.2.1 The user is receiving mail at a rate that prevents more"),
        ("5.1.1", "550 5.1.1 User unknown (5.7.1)"),
        ("5.2.2", "550 5.1.1 User unknown"),
        ("5.1.0", "550 5.1.1 User unknown"),
        ("5.0.0", "550 User unknown"),
        ("5.0.0", ""),
        ("5.0.0", "550 5.7.1 User unknown"),
        (None, "550 User unknown"),
        (None, "host mx.example.nl[5.1.1.25] said: 550 no"),
        (None, ""),
    ],
)
def test_a_refusal_of_the_sender_the_mail_or_the_moment_says_nothing_of_the_address(
    status: str | None, words: str
) -> None:
    assert undeliverable(status, words) is None
