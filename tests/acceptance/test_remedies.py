"""Each code is provoked, found by the commands alone, and put right as the docs say."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aio_pika
import orjson
import pytest

from tests.contacts import ZAAK, body, opvoerder
from tests.facts import applicatie, autorisatie, fill, register, zaak, zaaktype
from tests.registering import ANNOUNCER
from tests.tokens import authorization
from tests.waiting import until
from worker.contract.remedies import REMEDIES, Act
from worker.errors import Code
from worker.mailer import Answer, Result, Sent
from worker.postgres.mails import PostgresMails

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from tests.broker import Broker
    from tests.program import Ended, Program
    from worker.postgres.pool import Pool

    Start = Callable[..., Awaitable[Program]]
    Command = Callable[..., Awaitable[Ended]]

PAGE = (Path(__file__).parents[2] / "docs/dead-letters.md").read_text(encoding="utf-8")
NOW = datetime.now(UTC)
ELSEWHERE = "ZAAK-2026-0000002"
DOCUMENT = {"titel": "notitie", "formaat": "text/plain", "inhoud": "aGFsbG8=", "omvang": 7}
PROVOKED: dict[Code, tuple[bytes, dict[str, Any]]] = {
    Code.ONLEESBAAR: (b"{", {}),
    Code.ONGELDIG: (body(type="fax"), {}),
    Code.TE_GROOT: (b" " * (1024 * 1024 + 1), {}),
    Code.VERLOPEN: (body(), {"timestamp": NOW - timedelta(days=8)}),
    Code.ID_HERGEBRUIKT: (body(onderwerp="een ander"), {"message_id": "bericht-verleden"}),
    Code.APPLICATIE_ONBEKEND: (body(), {"user": "mailintake"}),
    Code.KANAAL_NIET_TOEGESTAAN: (body(), {"user": "balie"}),
    Code.OPVOERDER_NIET_GEAUTHENTICEERD: (body(), {"headers": {"authorization": None}}),
    Code.OPVOERDER_NIET_GEAUTORISEERD: (body(opvoerder=opvoerder(identificatie="mdw-1")), {}),
    Code.APPLICATIE_NIET_GEAUTORISEERD: (body(), {"user": "portaal"}),
    Code.ZAAK_ONBEKEND: (body(zaak="ZAAK-0"), {}),
    Code.ZAAK_AFGESLOTEN: (body(zaak="ZAAK-DICHT"), {}),
    Code.ZAAKTYPE_STAAT_NIET_TOE: (body(zaak="ZAAK-UIT"), {}),
    Code.INHOUD_ONTBREEKT: (body(toelichting=" "), {}),
    Code.ZAAK_ONTBREEKT: (body(zaak=...), {}),
    Code.DATUM_IN_DE_TOEKOMST: (body(datumGezet=(NOW + timedelta(days=1)).isoformat()), {}),
    Code.DOCUMENT_ONGELDIG: (body(documenten=[DOCUMENT]), {}),
}
"""What the intake refuses. The others come another way."""
EDITS: dict[Code, list[str]] = {
    Code.ONLEESBAAR: ["--file", "{file}"],
    Code.ONGELDIG: ["--set", "type=call"],
    Code.ZAAK_ONBEKEND: ["--set", f"zaak={ZAAK}"],
    Code.ZAAK_AFGESLOTEN: ["--set", f"zaak={ZAAK}"],
    Code.INHOUD_ONTBREEKT: ["--set", "toelichting=Vraagt om een afspraak."],
    Code.ZAAK_ONTBREEKT: ["--set", f"zaak={ZAAK}"],
    Code.DATUM_IN_DE_TOEKOMST: ["--set", "datumGezet=2026-11-01T10:00:00+01:00"],
    Code.DOCUMENT_ONGELDIG: ["--unset", "documenten.0.omvang"],
}
FACTS: dict[Code, list[dict[str, Any]]] = {
    Code.APPLICATIE_ONBEKEND: [
        applicatie("mailintake"),
        autorisatie("applicatie", "mailintake"),
    ],
    Code.KANAAL_NIET_TOEGESTAAN: [applicatie("balie")],
    Code.OPVOERDER_NIET_GEAUTORISEERD: [autorisatie("medewerker", "mdw-1")],
    Code.APPLICATIE_NIET_GEAUTORISEERD: [autorisatie("applicatie", "portaal")],
}
REASONS = {
    Code.BROKER_REJECTED: "rejected",
    Code.BROKER_EXPIRED: "expired",
    Code.BROKER_MAXLEN: "maxlen",
    Code.BROKER_DELIVERY_LIMIT: "delivery_limit",
    Code.BROKER_UNKNOWN: "geen woord van de broker",
}
REGISTER = [
    *register(),
    zaak(identificatie="ZAAK-DICHT", einddatum="2026-11-02"),
    zaak(identificatie="ZAAK-UIT", zaaktype="parkeervergunning"),
    zaaktype(identificatie="parkeervergunning", klantcontactenToegestaan=False),
    applicatie("balie", types=["face"]),
    autorisatie("applicatie", "balie"),
    applicatie("portaal"),
    # Who puts a message beside its death on klantcontact.dlx for a test.
    applicatie("admin", kanaal="callcenter"),
    autorisatie("applicatie", "admin"),
]


@dataclass(frozen=True)
class Operations:
    """Somebody with the commands, and the system that they look after."""

    pool: Pool
    broker: Broker
    command: Command

    async def do(self, *arguments: str, **settings: str) -> Ended:
        ended = await self.command(*arguments, **settings)
        assert ended.code == 0, (arguments, ended.out, ended.err)
        return ended

    async def found(self, *filters: str) -> str:
        """The only dead letter that `list` shows."""

        async def look() -> str | None:
            listed = await self.do("dead-letters", "list", *filters, "--json")
            letters = listed.json()["deadLetters"]
            assert len(letters) <= 1
            return letters[0]["id"] if letters else None

        return await until(look, f"dead-letters list {filters}")

    async def toestand(self, letter: str) -> str:
        shown = await self.do("dead-letters", "show", letter, "--json")
        return str(shown.json()["toestand"])

    async def provoke(self, code: Code) -> None:
        """Bring it about, as it comes about by itself."""
        if code is Code.MAIL_MISLUKT:
            await self._failed_mail()
        elif code in REASONS:
            await self._dead(REASONS[code])
        elif code is Code.ONVERWACHT:
            await self._unexpected()
        else:
            content, properties = PROVOKED[code]
            given = {"message_id": f"bericht-{code}", **properties}
            await self.broker.publish(content, **given)

    async def _failed_mail(self) -> None:
        mail: UUID = await self.pool.fetchval(
            "update mail set toestand = 'bezig' where id = (select id from mail limit 1)"
            " returning id"
        )
        refused = Answer(Sent.REFUSED, "550 5.1.1 burger@example.nl unknown", 550)
        await PostgresMails(self.pool, ANNOUNCER).record([Result(mail, refused, NOW, None)])

    async def _dead(self, reason: str) -> None:
        death = {"queue": "klantcontact.registratie.callcenter", "reason": reason, "count": 1}
        exchange = await (await self.broker.channel("admin")).get_exchange(
            "klantcontact.dlx", ensure=False
        )
        content = body(onderwerp=reason)
        headers = {**authorization(content, None), "x-death": [death]}
        sent = aio_pika.Message(
            content,
            content_type="application/json",
            user_id="admin",
            message_id=f"bericht-{reason.replace(' ', '-')}",
            headers=headers,
        )
        await exchange.publish(sent, "callcenter")

    async def _unexpected(self) -> None:
        """A trigger that fails on one text, until a version comes that can take it."""
        await self.pool.execute(
            """
            create function te_veel() returns trigger language plpgsql as
            $$ begin raise exception 'te veel'; end $$;
            create trigger te_veel before insert on klantcontact for each row
            when (new.onderwerp = 'onverwacht') execute function te_veel();
            """
        )
        await self.broker.publish(body(onderwerp="onverwacht"), message_id="bericht-onverwacht")

    async def mend(self, code: Code, letter: str, folder: Path) -> None:
        """What is to be done first."""
        if code in FACTS:
            file = folder / "facts.jsonl"
            file.write_bytes(b"\n".join(map(orjson.dumps, FACTS[code])))
            await self.do("register", "import", str(file), "--time", "now")
        elif code is Code.ZAAKTYPE_STAAT_NIET_TOE:
            wanted = ("parkeervergunning", "--klantcontacten", "aan")
            await self.do("register", "set", "zaaktype", *wanted)
        elif code is Code.ONVERWACHT:
            await self.pool.execute("drop trigger te_veel on klantcontact")
        elif code in EDITS:
            file = folder / "content.json"
            file.write_bytes(body())
            options = [each.replace("{file}", str(file)) for each in EDITS[code]]
            await self.do("dead-letters", "edit", letter, *options, "--reason", "hersteld")


@pytest.fixture
async def operations(pool: Pool, broker: Broker, command: Command, start: Start) -> Operations:
    await fill(pool, *REGISTER)
    await (await start(deferrals="")).ready()
    at_work = Operations(pool, broker, command)
    await broker.publish(body(), message_id="bericht-verleden")

    async def sent() -> bool:
        return bool(await pool.fetchval("select count(*) from mail where toestand = 'verzonden'"))

    await until(sent, "the first one's mail is sent")
    return at_work


async def test_the_remedy_of_each_code_puts_right_what_has_it(
    operations: Operations, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    rows = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([^`]+)` \|$", PAGE, re.MULTILINE))
    assert rows == {code: remedy.act for code, remedy in REMEDIES.items()}
    for code in Code:
        with subtests.test(code.value):
            await operations.provoke(code)
            letter = await operations.found("--code", code)
            shown = (await operations.do("dead-letters", "show", letter)).out
            assert code in shown
            await operations.mend(code, letter, tmp_path)
            act = rows[code].split()
            why = ("--reason", "zie docs/dead-letters.md")
            if act[0] == Act.EDIT:
                act = ["retry"]
            wait = ("--wait",) if act[0] == "retry" else ()
            await operations.do("dead-letters", *act, letter, *why, *wait)
            ended = "gearchiveerd" if act[0] == Act.ARCHIVE else "opgelost"
            assert await operations.toestand(letter) == ended


WALKS = dict(re.findall(r"^### (.+?)\n.*?^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
HAPPENED = {
    "A closed zaak": (Code.ZAAK_AFGESLOTEN, body(zaak="ZAAK-DICHT")),
    "A wrong field": (Code.ONGELDIG, body(type="fax")),
    "An unknown zaak": (Code.ZAAK_ONBEKEND, body(zaak="ZAAK-2026-0000003")),
}


def test_the_page_walks_through_three_that_happen() -> None:
    assert set(WALKS) == set(HAPPENED)


@pytest.mark.parametrize("walk", HAPPENED)
async def test_who_walks_as_the_page_says_ends_with_a_klantcontact(
    operations: Operations, tmp_path: Path, walk: str
) -> None:
    await fill(operations.pool, zaak(identificatie=ELSEWHERE))
    code, content = HAPPENED[walk]
    (tmp_path / "zaak.jsonl").write_bytes(orjson.dumps(zaak(identificatie="ZAAK-2026-0000003")))
    await operations.broker.publish(content, message_id="gebeurd")
    letter = await operations.found("--code", code)
    for line in WALKS[walk].splitlines():
        words = shlex.split(line, comments=True)
        assert words[0] == "klantcontact", line
        file = str(tmp_path / "zaak.jsonl")
        await operations.do(*(_filled(each, letter, file) for each in words[1:]))

    async def resolved() -> bool:
        return await operations.toestand(letter) == "opgelost"

    await until(resolved, f"{walk} is resolved")


def _filled(word: str, letter: str, file: str) -> str:
    return {"ID": letter, "zaak.jsonl": file}.get(word, word)
