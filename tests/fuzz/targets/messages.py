"""Registrations by queue, in all their formats: read, judged and kept, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson

from tests.contacts import NOW, contact, delivery, opvoerder
from tests.facts import register
from tests.fakes import Lines
from tests.fuzz import judging
from tests.fuzz.judging import ANNOUNCER, CANARY, MOST
from tests.fuzz.pieces import message, sent
from tests.fuzz.target import Target, finished
from tests.known import known
from tests.registrations import question
from tests.tokens import FixedProofs, fitting
from worker.deaths import Deaths
from worker.domain.decision import Registered, decide
from worker.envelope import Delivery, Rejection
from worker.errors import Code, Refusal
from worker.formats import REGISTREREN, decode
from worker.formats.content import parse_klantcontact
from worker.message_log import say, say_refused
from worker.rabbitmq.topology import KANALEN
from worker.reading import Reader
from worker.registration import Acceptance, Registration
from worker.roles.apart import QUEUES

_FACTS: Final = known(*register())
_PROOFS: Final = FixedProofs()
_KANALEN: Final = {f"klantcontact.registratie.{each}": each for each in KANALEN}
_FOLDER: Final = Path(__file__).parents[2] / "messages"
_TOKEN: Final = {"authorization": f"Bearer {fitting('medewerker', 'mdw-0042', NOW.timestamp())}"}

_FULL: Final = contact(
    toelichting=f"Mevrouw {CANARY} belde.",
    onderwerp=f"dakkapel {CANARY}",
    initiatief="gemeente",
    taal="eng",
    vertrouwelijk=True,
    opvoerder=opvoerder(naam=CANARY, organisatie="KCC"),
    gesprekspartners=[{"rol": "klant", "naam": CANARY, "identificatie": "bsn-pseudoniem-1"}],
    uitkomst={"gelukt": True, "omschrijving": CANARY},
    afspraken=[{"omschrijving": CANARY, "uiterlijk": "2026-12-01", "door": "gemeente"}],
    documenten=[
        {"titel": CANARY, "formaat": "text/plain", "inhoud": "aGFsbG8=", "auteur": CANARY},
        {
            "titel": "opname",
            "formaat": "audio/ogg",
            "url": f"https://opnames.example.nl/{CANARY}",
            "sha256": "AB" * 32,
            "omvang": 123456,
            "creatiedatum": "2026-11-23",
        },
    ],
    correctie=True,
    vervolgOp="01936f5e-0000-7000-8000-00000000002a",
)
_EVENT: Final = {
    "specversion": "1.0",
    "type": REGISTREREN,
    "source": "urn:nld:oin:00000001234567890000:systeem:kcc",
    "id": "een",
    "time": "2026-11-23T11:59:00Z",
    "datacontenttype": "application/json",
}
_COMMON: Final = {"user_id": "callcenter", "message_id": "een", "correlation_id": "vraag-1"}


def _seed(body: bytes, content_type: str, **headers: object) -> bytes:
    given = {**_TOKEN, **headers}
    replies = {"reply_to": "antwoord.callcenter.1", "content_type": content_type}
    return message(body, given, timestamp=int(NOW.timestamp()), **_COMMON, **replies)


SAMPLES: Final = tuple(path.read_bytes() for path in sorted((_FOLDER / "xml").glob("*.xml")))

SEEDS: Final = (
    _seed(orjson.dumps(_FULL), "application/json"),
    _seed(orjson.dumps(contact(type="fax", **{CANARY: CANARY})), "application/json"),
    _seed((_FOLDER / "call.json").read_bytes(), "application/json; charset=utf-8"),
    _seed(orjson.dumps({**_EVENT, "data": _FULL}), "application/cloudevents+json"),
    _seed(
        orjson.dumps({**_EVENT, "type": "nl.overheid.iets-anders", "data": _FULL}),
        "application/cloudevents+json",
    ),
    _seed(
        orjson.dumps(_FULL),
        "application/json",
        **{f"cloudEvents:{name}": value for name, value in _EVENT.items()},
    ),
    _seed(
        orjson.dumps(contact()),
        "application/json",
        **{f"cloudEvents_{name}": value for name, value in _EVENT.items() if name != "time"},
        cloudEvents_time="moment:1763900000",
    ),
    *(_seed(body, "application/xml", zaak="ZAAK-2026-0000001") for body in SAMPLES),
    message(b"{", {"x-death": [{"time": "moment:1", "reason": ["rejected"]}], "a": "float:nan"}),
)
_WORDS: Final = (
    b"\x1e",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"18446744073709551616",
    b"null",
    b"true",
    b'"moment:253402300799"',
    b'"decimal:1e-9"',
    b'"bytes:x"',
    b"9999-12-31T23:59:59-23:59",
    b"0001-01-01T00:00:00+23:59",
    b"cloudEvents:specversion",
    b"application/xml",
    b"application/cloudevents+json",
    b"urn:applicatie:",
    b"amq.rabbitmq.reply-to.",
    *(field.encode() for field in contact()),
)


def message_by_queue(data: bytes) -> None:
    came = sent(data)
    if came is not None:
        judged(came)


def judged(came: Delivery) -> None:
    """All of a registration's way but the database's part."""
    for outcome in read(came):
        if isinstance(outcome, Rejection):
            refused(outcome)
        else:
            taken(outcome)
    died(came)


def read(came: Delivery) -> list[Registration | Rejection]:
    lines = Lines()
    reader = Reader(_PROOFS, MOST, _KANALEN, lines.log)
    found: list[Registration | Rejection] = []

    async def work() -> None:
        for each in await reader.read([came], NOW):
            found.extend(each)

    finished(work())
    assert not lines.of("onverwacht"), f"a defect: {lines.all}"
    assert len(found) == 1
    return found


def refused(rejection: Rejection) -> None:
    assert Code.ONVERWACHT not in {each.code for each in rejection.violations}
    judging.kept(rejection)
    lines = Lines()
    say_refused(lines.log, rejection, "callcenter")
    logged(lines, rejection.delivery, rejection)


def taken(asked: Registration) -> None:
    """It can be stored and judged, and JSON in another format would say the same."""
    for each in (asked.envelope, asked.klantcontact, asked.identity):
        judging.storable(each)
    assert asked.klantcontact.digest() == asked.digest
    match decide(question(asked, _FACTS)):
        case Registered() as decision:
            judging.told(ANNOUNCER.registered(Acceptance(asked, decision), NOW))
        case found:
            judging.violations(found.violations)
    lines = Lines()
    say(lines.log, asked, "geregistreerd")
    zaak = asked.klantcontact.zaak or ""
    if CANARY not in "".join((*asked.envelope.key, zaak)):
        judging.secret(lines.all)


def died(came: Delivery) -> None:
    """As the sink would have it from the broker's dead letters."""
    lines = Lines()
    dead = Deaths(QUEUES, MOST, lines.log).read(came, NOW)
    assert not lines.of("onverwacht"), f"a defect: {lines.all}"
    judging.kept(dead.rejection)
    judging.storable(dead.moment)


def logged(lines: Lines, came: Delivery, rejection: Rejection) -> None:
    if CANARY not in "".join((came.user_id or "", *judging.ids(came, rejection))):
        judging.secret(lines.all)


def same_meaning(body: bytes) -> None:
    """What is registered as plain JSON is so as a CloudEvent, and what is refused is refused."""
    event = orjson.dumps(_EVENT)[:-1] + b',"data":' + body + b"}"
    plain = _digest(body, "application/json")
    structured = _digest(event, "application/cloudevents+json")
    if b"\x1e" not in body and structured is not None:
        assert plain == structured, "one format takes what the other does not"
    if plain is not None:
        assert structured == plain, "one format takes what the other does not"


def _digest(body: bytes, content_type: str) -> bytes | None:
    try:
        envelope = decode(delivery(body, content_type=content_type, headers={}), NOW, MOST)
        return parse_klantcontact(envelope.data).digest()
    except Refusal as refusal:
        judging.refusal(refusal)
        return None


def xml(body: bytes) -> None:
    judged(delivery(body, content_type="application/xml", headers=_TOKEN))


MESSAGES: Final = Target(message_by_queue, SEEDS, _WORDS)
MEANINGS: Final = Target(same_meaning, (orjson.dumps(_FULL), orjson.dumps(contact())), _WORDS)
XML: Final = Target(
    xml,
    # Python's own numbers from texts end at 4300 digits.
    (*SAMPLES, *(each.replace(b">123456<", b">%s<" % (b"0" * 4400)) for each in SAMPLES[1:])),
    (
        b"<!DOCTYPE x>",
        b"<?xml version='1.0' encoding='UTF-8'?>",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<?x ?>",
        b"&amp;",
        b"&#0;",
        b"&#xD800;",
        b"xmlns:a='u'",
        b"xmlns=''",
        b"xsi:nil='true'",
        b"20260230",
        b"\xef\xbb\xbf",
    ),
)
