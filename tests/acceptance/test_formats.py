"""The same klantcontact in every format that a channel may speak."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson
from cloudevents.core.bindings import amqp
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.contacts import ZAAK, contact
from tests.facts import fill
from tests.waiting import until
from worker.formats import REGISTREREN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.broker import Broker
    from tests.program import Program
    from worker.postgres.pool import Pool

NOTE = b"Gespreksnotitie.\n"
WHOLE = contact(
    onderwerp="Maten & kosten",
    initiatief="gemeente",
    taal="eng",
    vertrouwelijk=True,
    opvoerder={
        "soort": "medewerker",
        "identificatie": "mdw-0042",
        "naam": "Voorbeeld Medewerker",
        "organisatie": "KCC",
    },
    gesprekspartners=[{"rol": "klant", "naam": "Voorbeeld Burger"}, {"rol": "tolk"}],
    uitkomst={"gelukt": True, "omschrijving": "besproken <vandaag>"},
    afspraken=[{"omschrijving": "bellen", "uiterlijk": "2026-12-01", "door": "gemeente"}],
    documenten=[
        {"titel": "notitie", "formaat": "text/plain", "inhoud": base64.b64encode(NOTE).decode()},
        {
            "titel": "opname",
            "formaat": "audio/ogg",
            "url": "https://opnames.example.nl/1?a=b&c=d",
            "omvang": 123456,
            "sha256": "ab" * 32,
            "auteur": "KCC",
            "creatiedatum": "2026-11-23",
        },
    ],
)
XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<KlantcontactRegistratie
    xmlns="http://schemas.denhaag.nl/mijnhaagsezaken/klantcontact/v1">
  <BerichtId>in-xml</BerichtId>
  <ZaakIdentificatie>{ZAAK}</ZaakIdentificatie>
  <Klantcontact>
    <DatumGezet>{WHOLE["datumGezet"]}</DatumGezet>
    <Documenten>
      <Document>
        <Titel>notitie</Titel>
        <Formaat>text/plain</Formaat>
        <Inhoud>{base64.b64encode(NOTE).decode()}</Inhoud>
      </Document>
      <Document>
        <Titel>opname</Titel>
        <Formaat>audio/ogg</Formaat>
        <Url>https://opnames.example.nl/1?a=b&amp;c=d</Url>
        <Omvang>123456</Omvang>
        <Sha256>{"ab" * 32}</Sha256>
        <Auteur>KCC</Auteur>
        <Creatiedatum>2026-11-23</Creatiedatum>
      </Document>
    </Documenten>
    <Opvoerder>
      <Soort>medewerker</Soort>
      <Identificatie>mdw-0042</Identificatie>
      <Naam>Voorbeeld Medewerker</Naam>
      <Organisatie>KCC</Organisatie>
    </Opvoerder>
    <Toelichting>{WHOLE["toelichting"]}</Toelichting>
    <Type>call</Type>
  </Klantcontact>
  <Aanvulling>
    <Onderwerp>Maten &amp; kosten</Onderwerp>
    <Initiatief>gemeente</Initiatief>
    <Taal>eng</Taal>
    <Vertrouwelijk>true</Vertrouwelijk>
    <Gesprekspartners>
      <Gesprekspartner><Rol>klant</Rol><Naam>Voorbeeld Burger</Naam></Gesprekspartner>
      <Gesprekspartner><Rol>tolk</Rol></Gesprekspartner>
    </Gesprekspartners>
    <Uitkomst><Gelukt>true</Gelukt><Omschrijving>besproken &lt;vandaag&gt;</Omschrijving></Uitkomst>
    <Afspraken>
      <Afspraak>
        <Omschrijving>bellen</Omschrijving><Uiterlijk>2026-12-01</Uiterlijk><Door>gemeente</Door>
      </Afspraak>
    </Afspraken>
  </Aanvulling>
</KlantcontactRegistratie>
"""
_ROW = "select to_jsonb(k) - 'id' - 'geregistreerd' from klantcontact as k order by id"
_DOCUMENTS = """
    select jsonb_agg(to_jsonb(d) - 'id' - 'klantcontact' order by volgnummer)
    from document as d group by klantcontact order by klantcontact
"""


def _event(message_id: str) -> CloudEvent:
    source = "urn:nld:oin:00000000000000000000:systeem:kcc"
    attributes = {"type": REGISTREREN, "source": source, "id": message_id}
    return CloudEvent({**attributes, "datacontenttype": "application/json"}, WHOLE)


def _published(message: amqp.AMQPMessage) -> dict[str, Any]:
    return {
        "content_type": message.properties["content-type"],
        "headers": message.application_properties,
    }


async def test_the_same_contact_in_four_formats_is_four_rows_that_are_equal(
    pool: Pool, broker: Broker, start: Callable[..., Awaitable[Program]]
) -> None:
    await fill(pool)
    structured = amqp.to_structured(_event("structured"), JSONFormat())
    binary = amqp.to_binary(_event("binary"), JSONFormat())
    await broker.publish(orjson.dumps(WHOLE), message_id="plain")
    await broker.publish(structured.application_data, **_published(structured))
    await broker.publish(binary.application_data, **_published(binary))
    await broker.publish(XML.encode(), content_type="application/xml")
    program = await (await start("--role", "intake")).ready(1)
    for message_id in ("plain", "structured", "binary", "in-xml"):
        await program.logged("klantcontact", outcome="geregistreerd", bericht=message_id)

    async def registered() -> bool:
        return bool(await pool.fetchval("select count(*) = 4 from klantcontact"))

    await until(registered, "all four are registered")
    rows = [row[0] for row in await pool.fetch(_ROW)]
    documents = [row[0] for row in await pool.fetch(_DOCUMENTS)]
    assert len(set(rows)) == 1, rows
    assert len(set(documents)) == 1, documents
    assert len(rows) == len(documents) == 4
    kept = orjson.loads(rows[0])
    assert (kept["onderwerp"], kept["taal"]) == ("Maten & kosten", "en")
    assert await pool.fetchval("select count(distinct digest) from bericht") == 1


async def test_the_source_s_own_klantcontact_takes_zaak_and_id_from_the_headers(
    pool: Pool, broker: Broker, start: Callable[..., Awaitable[Program]]
) -> None:
    await fill(pool)
    bare = XML[XML.index("<Klantcontact>") : XML.index("<Aanvulling>")].strip()
    await broker.publish(
        bare.encode(), content_type="text/xml", message_id="kaal", headers={"zaak": ZAAK}
    )
    program = await (await start("--role", "intake")).ready(1)
    await program.logged("klantcontact", outcome="geregistreerd", bericht="kaal", zaak=ZAAK)
