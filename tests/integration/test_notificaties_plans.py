"""Whatever asks who was told finds it by an index, however many were."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from tests.facts import fill
from tests.put_away import wish
from tests.statements import written_down
from tests.waiting import DEADLINE
from worker.postgres.dossier import dossier
from worker.postgres.listed_mails import Look, exists, listed
from worker.postgres.mail_details import details
from worker.postgres.mail_lists import REASONS, TOESTANDEN, Choice, chosen
from worker.postgres.resend_plan import Wish
from worker.postgres.resending import resend

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import pytest

    from tests.statements import Statements
    from worker.postgres.pool import Pool

    Query = Callable[[Pool, UUID], Awaitable[object]]

FEW, MANY = 1_000, 30_000
PAGE: Final = 5
_TABLES = "mail|notificatie|klantcontact|mail_poging|mail_handeling|dead_letter|onbestelbaar|outbox"
_SCAN = re.compile(rf'"Node Type": "Seq Scan",[^}}]*?"Relation Name": "(?:{_TABLES})"')
_EXPLAINABLE = re.compile("(select|with|insert|update|delete) ")
_LOOK = Look("jan", None, datetime.now(UTC))

# A contact a minute, told to one who is mailed; one in 16 of them also to one who is not. Of the
# mails one in 16 is not sent, and of those each toestand as many; one in eight was sent again, as
# a table of a few pages is read whole sooner. A zaak has ten contacts. What became of the ten
# oldest has become of no other, however many there are.
_FILL = """
    create temp table gemaakt as
    select n, 'Z' || n / 10 as zaak, lot, moment,
           (ms || '7' || substr(ruis, 1, 3) || '8' || substr(ruis, 4, 15))::uuid as contact,
           (ms || '7' || substr(ruis, 5, 3) || '9' || substr(ruis, 9, 15))::uuid as mail
    from (
        select n, hashint4(n) & 63 as lot, md5(n::text) as ruis,
               now() - n * interval '1 minute' as moment,
               lpad(to_hex((extract(epoch from now() - n * interval '1 minute') * 1000)::bigint),
                    12, '0') as ms
        from generate_series(1, {count}) as n
    ) as g;
    insert into zaak select distinct zaak, 'omgevingsvergunning', '', null::date, null::date, 4,
        null, null::timestamptz, now() from gemaakt;
    insert into betrokkene select distinct zaak, 1, 'b', 'initiator', '', 'b@example.nl', 'nl',
        true from gemaakt;
    insert into klantcontact
        (id, zaak, datum_gezet, type, initiatief, taal, vertrouwelijk, opvoerder_soort,
         opvoerder_identificatie, correctie, applicatie, kanaal, geregistreerd)
        select contact, zaak, moment, 'call', 'klant', 'nl', false, 'medewerker', 'm', false,
            'callcenter', 'callcenter', moment from gemaakt;
    insert into mail
        (id, zaak, adres, sleutel, naam, taal, toestand, code, gemaakt, antwoord, pogingen, bytes)
        select mail, zaak, 'b@example.nl', 'b@example.nl', '', 'nl',
            case when n > {count} - 10 then 'onzeker' when lot < 60 then 'verzonden' else
                (array['wacht', 'aangeboden', 'bezig', 'uitgesteld', 'mislukt'])
                    [1 + (hashint4(n) >> 8 & 7) % 5] end,
            case when n > {count} - 10 then 421 when lot < 60 then 250
                 else 550 + (hashint4(n) >> 8 & 1) end, moment, 'x', 1, ''
        from gemaakt;
    insert into notificatie select contact, 'b', 'initiator', 'opgenomen', null, mail from gemaakt;
    insert into notificatie
        select contact, 'c', 'gemachtigde', 'achterwege',
            case when n > {count} - 10 then 'zaaktype' else
                (array['afgemeld', 'geen-adres', 'opvoerder', 'correctie', 'adres-ongeldig'])
                    [1 + (hashint4(n) >> 8 & 7) % 5] end, null
        from gemaakt where lot < 4 or n > {count} - 10;
    insert into mail_poging (id, mail, moment, toestand, code, antwoord)
        select gen_random_uuid(), mail, moment, 'verzonden', 250, 'x' from gemaakt;
    insert into mail_handeling (id, mail, handeling, door, moment)
        select gen_random_uuid(), mail, 'resend', 'jan', moment from gemaakt where lot < 8;
    insert into onbestelbaar select n || '@example.nl', mail, '5.1.1', moment
        from gemaakt where lot = 1;
    insert into dead_letter
        (id, toestand, code, probleem, queue, applicatie, bron, bericht_id, digest, headers, body,
         eerste, laatste)
        select gen_random_uuid(), 'open', 'mail-mislukt', '{{}}', 'klantcontact.notificatie.email',
            '', 'urn:klantcontact:mail', mail::text, '', '{{}}', '', moment, moment
        from gemaakt where lot > 59;
    insert into outbox select mail, 'mail', mail, moment from gemaakt where lot < 60;
    drop table gemaakt;
"""
_EMPTY = """
    truncate zaak, betrokkene, klantcontact, mail, notificatie, mail_poging, mail_handeling,
        onbestelbaar, dead_letter, outbox cascade
"""


def _chosen(**choice: Any) -> Query:  # noqa: ANN401 (fields of a Choice)
    async def ask(pool: Pool, _: UUID) -> None:
        assert len(await chosen(pool, Choice(**choice), PAGE)) == PAGE

    return ask


def _next_page(**choice: Any) -> Query:  # noqa: ANN401 (fields of a Choice)
    async def ask(pool: Pool, middle: UUID) -> None:
        assert await exists(pool, middle)
        assert len(await chosen(pool, Choice(**choice), PAGE, middle)) == PAGE

    return ask


async def _rows(pool: Pool, _: UUID) -> None:
    ids = await chosen(pool, Choice(), PAGE)
    assert len(await listed(pool, ids, None, _LOOK)) == PAGE


async def _mail(pool: Pool, middle: UUID) -> None:
    assert await details(pool, middle, _LOOK)


async def _contact(pool: Pool, middle: UUID) -> None:
    contact = await pool.fetchval("select klantcontact from notificatie where mail = $1", middle)
    assert await details(pool, contact, None)


async def _dossier(pool: Pool, _: UUID) -> None:
    assert await dossier(pool, "Z7", reveal=False)


QUERIES: dict[str, Query] = {
    "list": _chosen(),
    **{f"list --toestand {each}": _chosen(toestand=each) for each in TOESTANDEN},
    **{f"list --code {each}": _chosen(reden=each) for each in REASONS},
    "list --code 550": _chosen(code=550),
    "list --code 421": _chosen(code=421),
    "list --code 250": _chosen(code=250),
    "list --code 550 --toestand mislukt": _chosen(code=550, toestand="mislukt"),
    "list --zaak": _chosen(zaak="Z7"),
    "list --until": _chosen(until=datetime.now(UTC) - timedelta(hours=8)),
    "list --until --toestand mislukt": _chosen(
        until=datetime.now(UTC) - timedelta(hours=1), toestand="mislukt"
    ),
    "list --after": _next_page(),
    "list --after --toestand achterwege": _next_page(toestand="achterwege"),
    "rows of a list": _rows,
    "show a mail": _mail,
    "show a klantcontact": _contact,
    "dossier": _dossier,
}


async def _filled(pool: Pool, count: int) -> UUID:
    """So many and no others; a mail of their midst that was sent."""
    await pool.execute(_EMPTY)
    await fill(pool)
    await pool.execute(_FILL.format(count=count), timeout=DEADLINE)
    await pool.execute("vacuum analyze", timeout=DEADLINE)
    middle: UUID = await pool.fetchval(
        "select id from mail where toestand = 'verzonden' order by id limit 1 offset $1",
        count // 2,
    )
    return middle


async def _plans(statements: Statements, query: Query, middle: UUID) -> list[str]:
    """How each of its statements is carried out, as JSON; what they change is undone."""
    statements.ran.clear()
    await query(statements.pool, middle)
    asked = [each for each in statements.ran if each[1] and _EXPLAINABLE.match(each[0])]
    plans = []
    async with statements.pool.acquire() as connection:
        for text, arguments in asked:
            changes = connection.transaction()
            await changes.start()
            plan = await connection.fetchval(
                f"explain (analyze, buffers, costs off, timing off, format json) {text}", *arguments
            )
            await changes.rollback()
            plans.append(plan)
    return plans


def _locked(texts: list[str]) -> list[str]:
    """The tables of which rows were locked, in that order."""
    locking = [each for each in texts if re.search(r"for (update|share)", each)]
    return [re.findall(r"from (\w+)", each)[0] for each in locking]


def _buffers(plans: list[str]) -> int:
    tops = [orjson.loads(plan)[0]["Plan"] for plan in plans]
    return sum(top["Shared Hit Blocks"] + top["Shared Read Blocks"] for top in tops)


async def test_no_list_and_no_page_reads_more_where_there_is_more(
    database: str, subtests: pytest.Subtests
) -> None:
    async with written_down(database) as statements:
        middle = await _filled(statements.pool, FEW)
        few = {
            name: _buffers(await _plans(statements, query, middle))
            for name, query in QUERIES.items()
        }
        middle = await _filled(statements.pool, MANY)
        for name, query in QUERIES.items():
            plans = await _plans(statements, query, middle)
            with subtests.test(name):
                assert plans
                assert not [plan for plan in plans if _SCAN.search(plan)], plans
                # An index grows by a level now and then, and each row that is looked up by one.
                assert _buffers(plans) <= 3 * few[name], plans
        # It changes what it finds, so that nothing can be counted by doing it again.
        statements.ran.clear()
        assert (await resend(statements.pool, middle, Wish(again=True), wish())).mails != [middle]
        assert _locked(statements.texts) == ["zaak", "dead_letter", "mail"]
        for text, arguments in [each for each in statements.ran if _EXPLAINABLE.match(each[0])]:
            with subtests.test(f"resend: {text[:60]}"):
                plan = await statements.pool.fetchval(f"explain (format json) {text}", *arguments)
                assert not _SCAN.search(plan), plan
