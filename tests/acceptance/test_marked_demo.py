"""The whole demo, and what goes wrong, with a mark in all that is personal or secret."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from tests.marked.play import MARKS, Played, play
from tests.marked.scenes import all_scenes
from tests.marks import BSN_IN_AN_ID, leaked, mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from worker.stack.state import StackState

_PLACES: Final = (
    "stdout",
    "stderr",
    "livez",
    "readyz",
    "startupz",
    "metrics",
    "events",
    "register import",
    "status",
    "settings",
    "dead-letters",
    "dead-letters groups",
    "dead-letters list",
    "dead-letters show",
    "notificaties list",
    "notificaties show",
)

_LOGGED: Final = (
    *("geregistreerd", "herhaald", "afgewezen", "uitgesteld", "onverwacht", "hervat"),
    *("verzonden", "mislukt", "teruggekomen", "mailserver", "uitval", "dead_letters_groeien"),
)
_MAY_BE_SHOWN: Final = {
    # A sender's own id is how they know it again; of the log others read.
    "events": [BSN_IN_AN_ID],
    "dead-letters list": [BSN_IN_AN_ID],
    # What one person writes for the others who look after dead letters.
    "dead-letters show": [BSN_IN_AN_ID, mark("notitie"), mark("reden")],
    "notificaties show": [mark("reden")],
    # Who may see the settings may see who logs in where.
    "settings": [mark("gebruiker")],
}
_OF_THE_WORKER: Final = ("gebruiker", "geheim", "wachtwoord")
"""What it has of its own, and keeps in no database."""


@pytest.fixture(scope="module")
def played(
    services: StackState,
    template: str,
    administer: Callable[[str], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Played]:
    """It is played once, for all who look."""
    folder = tmp_path_factory.mktemp("marked")
    administer(f"create database marked template {template}")
    try:
        url = services.postgres.rpartition("/")[0] + "/marked"
        yield asyncio.run(play(services, url, folder, lambda stage: all_scenes(stage, folder)))
    finally:
        administer("drop database marked with (force)")


@pytest.mark.parametrize("where", _PLACES)
def test_nothing_personal_and_no_secret_is_to_be_seen(played: Played, where: str) -> None:
    assert leaked(played.said[where], played.secrets) == sorted(_MAY_BE_SHOWN.get(where, ()))


@pytest.mark.parametrize("what", _LOGGED)
def test_what_there_is_to_be_told_of_messages_was_told(played: Played, what: str) -> None:
    assert what in played.said["stdout"]


def test_all_that_is_personal_was_there_to_be_kept(played: Played) -> None:
    kept = leaked(played.stored, MARKS)
    assert set(MARKS) - set(kept) == set(map(mark, _OF_THE_WORKER))


def test_the_mails_told_their_readers_of_themselves(played: Played) -> None:
    assert leaked(played.mailed, MARKS) == sorted(
        map(mark, ("adres", "domein", "naam", "omschrijving"))
    )
