"""Over filled tables each hot query finds its rows by an index."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.contacts import NOW
from tests.facts import dated, fill, zaak
from tests.registering import ANNOUNCER, registrations
from tests.registrations import accepted, bound_by, refused, registration
from tests.statements import written_down
from worker.delivery_status import Status
from worker.envelope import Resumed
from worker.finishing import Finished
from worker.mailer import Answer, Result, Sent
from worker.postgres import dossier as records
from worker.postgres.attempts import PostgresAttempts
from worker.postgres.bounces import PostgresBounces
from worker.postgres.counting import PostgresCounts
from worker.postgres.mails import PostgresMails
from worker.postgres.outbox import PostgresOutbox
from worker.postgres.register import PostgresRegister
from worker.relay import DueMail
from worker.returned import Bounce

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from tests.statements import Statements
    from worker.postgres.pool import Pool

_FILL = """
    insert into zaak select 'Z' || n, 'omgevingsvergunning', '', null, null, 4, null, null, now()
        from generate_series(1, 20000) as n;
    insert into betrokkene select 'Z' || n, 1, 'b', 'initiator', '', null, 'nl', true
        from generate_series(1, 20000) as n;
    insert into bericht select 'callcenter', 'urn:applicatie:callcenter', 'b' || n, '\\x00',
        gen_random_uuid(), now() from generate_series(1, 20000) as n;
    insert into gebonden_token select n::text::bytea, 'callcenter', 'urn:x', 'b' || n, now()
        from generate_series(1, 20000) as n;
    insert into dead_letter
        (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest, headers, body,
         eerste, laatste)
        select gen_random_uuid(), 'open', 'onverwacht', '{}', 'q', 'callcenter',
            'urn:applicatie:callcenter', 'd' || n, '\\x00', '{}', '', now(), now()
        from generate_series(1, 20000) as n;
    insert into dead_letter_handeling (id, dead_letter, handeling, door, moment, bijzonderheden)
        select gen_random_uuid(), id, 'edit', 'jan', now(), '{"versie": 1, "velden": ["type"]}'
        from dead_letter;
    insert into klantcontact
        (id, zaak, datum_gezet, type, initiatief, taal, vertrouwelijk, opvoerder_soort,
         opvoerder_identificatie, correctie, applicatie, kanaal, geregistreerd)
        select gen_random_uuid(), 'Z' || n, now(), 'call', 'klant', 'nl', false, 'medewerker',
            'm', false, 'callcenter', 'callcenter', now() from generate_series(1, 20000) as n;
    insert into mail (id, zaak, adres, naam, taal, toestand, gemaakt)
        select gen_random_uuid(), 'Z' || n, 'a@b', '', 'nl', 'verzonden', now()
        from generate_series(1, 20000) as n;
    insert into notificatie select k.id, 'b', 'initiator', 'opgenomen', null, m.id
        from klantcontact as k join mail as m using (zaak);
    insert into herstel select id, 1, 'jan', now(), null, '{type}' from klantcontact;
    insert into document (id, klantcontact, volgnummer, titel, formaat, sha256)
        select gen_random_uuid(), id, 1, '', '', '\\x00' from klantcontact;
    insert into mail_poging (id, mail, moment, toestand, antwoord)
        select gen_random_uuid(), id, now(), 'verzonden', '' from mail;
    insert into outbox select id, 'mail', id, '2026-12-01' from mail;
    insert into poging select sha256(n::text::bytea), 1, now()
        from generate_series(1, 20000) as n;
    insert into onbestelbaar select 'a' || n || '@b', gen_random_uuid(), '5.1.1', now()
        from generate_series(1, 20000) as n;
    analyze;
"""
_SOME_MAILS = (
    "update mail set toestand = 'aangeboden' where zaak in ('Z7', 'Z8', 'Z9') returning id"
)
_TABLES = (
    "bericht|betrokkene|dead_letter|dead_letter_handeling|document|gebonden_token|herstel"
    "|klantcontact|mail|mail_poging|notificatie|onbestelbaar|outbox|poging|zaak"
)
_EXPLAINABLE = re.compile("(select|with|insert|update|delete) ")
_SCAN = re.compile(rf"Seq Scan on (?:klantcontact\.)?({_TABLES})\b")


async def _register(pool: Pool) -> None:
    asked = [bound_by(registration(name), name.encode()) for name in ("nieuw", "b7", "d7")]
    async with registrations(pool).transaction() as transaction:
        await transaction.claim(asked, NOW)
        facts = await transaction.facts(asked)
        rejected = refused(asked[2])
        await transaction.write([accepted(asked[0], facts), rejected], NOW)


async def _put_right(pool: Pool) -> None:
    asked, letter = registration("hersteld"), await pool.fetchval("select id from dead_letter")
    came = Resumed(letter, 1, 1, asked.envelope.key, asked.digest, NOW)
    async with registrations(pool).transaction() as transaction:
        facts = await transaction.facts([asked])
        await transaction.write([accepted(replace(asked, resumed=came), facts)], NOW)


async def _bundle(pool: Pool) -> None:
    asked = [registration("gebundeld")]
    async with registrations(pool, timedelta(minutes=15)).transaction() as transaction:
        await transaction.claim(asked, NOW)
        facts = await transaction.facts(asked)
        await transaction.write([accepted(asked[0], facts)], NOW)


async def _relay(pool: Pool) -> None:
    outbox = PostgresOutbox(pool, ANNOUNCER)
    claimed = await outbox.claim(NOW, NOW, 10)
    (due,) = [each for each in claimed if isinstance(each, DueMail)]
    await outbox.freeze([Finished(due.facts.mail, "a@b", b"x", "s")], NOW)
    await outbox.settle([due.row], [], NOW)
    await outbox.give_up({due.facts.mail: "because"}, NOW)
    await outbox.sweep(NOW, NOW)


async def _send(pool: Pool) -> None:
    """One that is sent after a retry, one that fails, one that is put off, one given back."""
    posted: list[UUID] = [row[0] for row in await pool.fetch(_SOME_MAILS)]
    mails = PostgresMails(pool, ANNOUNCER)
    await mails.claim(posted, NOW, NOW)
    await mails.give_back(dict.fromkeys(posted, NOW), NOW)
    answers = ((Sent.ACCEPTED, None), (Sent.REFUSED, None), (Sent.LATER, NOW))
    await mails.record(
        [
            Result(mail, Answer(sent, "words"), NOW, again)
            for mail, (sent, again) in zip(posted, answers, strict=True)
        ]
    )


async def _come_back(pool: Pool) -> None:
    mail = await pool.fetchval("select id from mail limit 1")
    status = Status(("a@b",), "failed", "5.1.1", 550, "550")
    await PostgresBounces(pool, ANNOUNCER).put([Bounce(uuid4(), mail, (status,))], NOW)


async def _try_again(pool: Pool) -> None:
    attempts, digests = PostgresAttempts(pool), [sha256(name).digest() for name in (b"7", b"new")]
    await attempts.earlier(digests)
    await attempts.count(digests, NOW)
    await attempts.uncount(dict.fromkeys(digests, 1))
    await attempts.forget(digests)


async def _close(pool: Pool) -> None:
    await PostgresRegister(pool).put([dated(zaak())], [], NOW, "zaaksysteem")


async def _count(pool: Pool) -> None:
    await PostgresCounts(pool).counts(NOW)


async def _read(pool: Pool) -> None:
    await records.dossier(pool, "Z7", reveal=False)


_ACTS = (
    *(_register, _bundle, _relay, _send, _come_back, _try_again, _close, _count, _put_right),
    _read,
)


@pytest.fixture
async def ran(database: str, pool: Pool) -> AsyncIterator[Statements]:
    await fill(pool)
    await pool.execute(_FILL)
    async with written_down(database) as statements:
        yield statements


async def test_every_hot_query_finds_its_rows_by_an_index(
    ran: Statements, subtests: pytest.Subtests
) -> None:
    for act in _ACTS:
        ran.ran.clear()
        await act(ran.pool)
        # Many rows of few facts come as executemany, which tells no arguments.
        told = [each for each in ran.ran if each[1] and _EXPLAINABLE.match(each[0])]
        for query, arguments in told:
            with subtests.test(f"{act.__name__}: {query[:60]}"):
                rows = await ran.pool.fetch(f"explain {query}", *arguments)
                plan = "\n".join(row[0] for row in rows)
                assert not _SCAN.search(plan), plan
