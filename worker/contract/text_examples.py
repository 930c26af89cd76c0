"""Examples in XML and as mail: bodies that are text. Samples all: nobody in them exists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from worker.formats.xml_elements import NAMESPACE
from worker.mime import Mailbox, Message, build
from worker.return_path import envelope_sender

KLANTCONTACT: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<Klantcontact>
  <DatumGezet>20260105103500</DatumGezet>
  <Documenten/>
  <Opvoerder>
    <Soort>medewerker</Soort>
    <Identificatie>mdw-0042</Identificatie>
  </Opvoerder>
  <Toelichting>Belt over de maten op de tekening.</Toelichting>
  <Type>call</Type>
</Klantcontact>
"""
"""The source's own type (S10), without a namespace and with StUF's form of a moment."""

REGISTRATIE: Final = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<KlantcontactRegistratie xmlns="{NAMESPACE}">
  <BerichtId>kcc-2026-0000001</BerichtId>
  <Bron>urn:nld:oin:00000000000000000000:systeem:kcc</Bron>
  <Tijdstip>2026-01-05T10:36:00+01:00</Tijdstip>
  <ZaakIdentificatie>ZAAK-2026-0000001</ZaakIdentificatie>
  <Klantcontact>
    <DatumGezet>2026-01-05T10:35:00+01:00</DatumGezet>
    <Documenten>
      <Document>
        <Titel>Gespreksnotitie</Titel>
        <Formaat>text/plain</Formaat>
        <Inhoud>R2VzcHJla3Nub3RpdGll</Inhoud>
      </Document>
    </Documenten>
    <Opvoerder>
      <Soort>medewerker</Soort>
      <Identificatie>mdw-0042</Identificatie>
      <Naam>Mieke Medewerker</Naam>
    </Opvoerder>
    <Toelichting>Belt over de maten op de tekening.</Toelichting>
    <Type>call</Type>
  </Klantcontact>
  <Aanvulling>
    <Onderwerp>Maten dakkapel</Onderwerp>
    <Gesprekspartners>
      <Gesprekspartner>
        <Rol>klant</Rol>
        <Naam>Anna Voorbeeld</Naam>
      </Gesprekspartner>
    </Gesprekspartners>
    <Afspraken>
      <Afspraak>
        <Omschrijving>Nieuwe tekening opsturen</Omschrijving>
        <Uiterlijk>2026-01-19</Uiterlijk>
        <Door>klant</Door>
      </Afspraak>
    </Afspraken>
  </Aanvulling>
</KlantcontactRegistratie>
"""
"""A registration with its own id, source and time, and what the source's type has no place for."""

MAIL_TYPE: Final = "message/rfc822"
BOUNCES: Final = "bounces@example.nl"
MAIL_ID: Final = UUID("00000000-0000-7000-8000-000000000004")


def mail() -> str:
    """A mail as it stands in a job, ready for the mail server."""
    message = Message(
        mail=MAIL_ID,
        domein="example.nl",
        van=Mailbox("Gemeente Voorbeeld", "noreply@example.nl"),
        aan=Mailbox("Anna Voorbeeld", "anna@example.nl"),
        onderwerp="Contact over uw zaak ZAAK-2026-0000001",
        tekst="Er was op 5 januari 2026 contact over uw zaak.\n",
        html="<p>Er was op 5 januari 2026 contact over uw zaak.</p>\n",
        taal="nl",
        moment=datetime(2026, 1, 5, 9, 36, 2, tzinfo=UTC),
        draad=UUID("00000000-0000-5000-8000-000000000005"),
    )
    return build(message).decode("ascii")


def bounce() -> str:
    """A delivery status report on that mail, as it was received."""
    return f"""\
Return-Path: <>
Delivered-To: {envelope_sender(BOUNCES, MAIL_ID)}
From: Mail Delivery System <MAILER-DAEMON@mail.example.nl>
To: {envelope_sender(BOUNCES, MAIL_ID)}
Subject: Undelivered Mail Returned to Sender
Date: Mon, 5 Jan 2026 10:36:04 +0100
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=grens

--grens
Content-Type: text/plain; charset=us-ascii

The mail could not be delivered.

--grens
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.nl

Final-Recipient: rfc822; anna@example.nl
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <anna@example.nl>: no such mailbox

--grens--
"""
