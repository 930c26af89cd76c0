"""docs/notifications.md: what it tells whoever answers for the mails works as it stands there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.contacts import ZAAK
from tests.facts import zaak
from tests.mailed import ANNA, DOOF, Post
from worker.cli.told import WHY_NOT
from worker.postgres.mail_lists import TOESTANDEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Run = Callable[..., Result]
    Rows = Callable[[str], list[tuple[Any, ...]]]

PAGE = (Path(__file__).parents[2] / "docs/notifications.md").read_text(encoding="utf-8")


def _told(heading: str, **values: object) -> list[list[str]]:
    """The commands below a heading, with `values` where the page has a word for them."""
    block = re.search(rf"^## {heading}$.*?```sh\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    assert block is not None
    lines = [shlex.split(line)[1:] for line in block[1].splitlines()]
    return [[str(values.get(word, word)) for word in line] for line in lines]


def test_whoever_asks_whether_somebody_was_told_finds_out_as_the_page_says(
    run: Run, database: str
) -> None:
    post = Post(database)
    contact = post.contact(ANNA, DOOF)
    mail = post.mail()
    post.ends(mail, "verzonden", 250, "250 queued as 4x")
    commands = _told(
        "Find out whether somebody was told", ZAAK=ZAAK, KLANTCONTACT=contact, MAIL=mail
    )
    dossier, told, attempts, resent, after = [run(*each).stdout for each in commands]
    assert "initiator: sent 2026-11-23 13:00" in dossier
    assert f"mail {mail}" in told
    assert "250 queued as 4x" in attempts
    assert str(post.mail()) in resent
    assert "initiator: to be sent anew; sent before, 2026-11-23 13:00" in after


def test_what_came_back_is_sent_to_the_address_of_now_as_the_page_says(
    run: Run, rows: Rows, database: str, tmp_path: Path
) -> None:
    post = Post(database)
    post.contact(ANNA)
    mail = post.mail()
    post.comes_back(mail)
    facts = zaak(betrokkenen=[{**ANNA, "email": "nieuw@example.nl"}], time="2026-11-24T09:00:00Z")
    (tmp_path / "facts.jsonl").write_text(json.dumps(facts), encoding="utf-8")
    listed, shown, _, resent = [run(*each) for each in _told("A mail came back", MAIL=mail)]
    assert str(mail) in listed.stdout
    assert "counts as undeliverable" in shown.stdout
    assert "a new mail goes out" in resent.stdout
    assert rows("select adres from mail where herhaalt is not null") == [("nieuw@example.nl",)]


def test_the_page_has_every_toestand_and_every_reason() -> None:
    first_cells = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    named = set(re.findall(r"`([a-z-]+)`", " ".join(first_cells)))
    assert named >= {*TOESTANDEN, *WHY_NOT}
