"""Delivery status reports in the shapes in which mail systems send them."""

from __future__ import annotations

from base64 import encodebytes
from quopri import encodestring
from typing import TYPE_CHECKING
from uuid import UUID

from tests.contacts import delivery
from worker.return_path import envelope_sender

if TYPE_CHECKING:
    from worker.envelope import Delivery

BOUNCES = "bounces@example.nl"
BURGER = "burger@example.nl"
MAIL = UUID("01936f5e-0000-7000-8000-00000000002a")

_ORIGINAL = f"""\
Return-Path: <bounces+ffffffffffffffffffffffffffffffff@example.nl>
From: "Gemeente Voorbeeld" <noreply@example.nl>
To: "Voorbeeld Burger" <{BURGER}>
Subject: Contact over uw zaak
Message-ID: <{MAIL}@example.nl>
Auto-Submitted: auto-generated
Final-Recipient: rfc822; iemand-anders@example.nl
Action: failed
Status: 5.7.1
Content-Type: text/plain; charset=utf-8

Er was contact over uw zaak.
"""


def fields(
    recipient: str = BURGER,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str | None = None,
) -> str:
    """What a report says of one recipient."""
    said = diagnostic or f"smtp; 550 {status} <{recipient}>: Recipient address rejected"
    return (
        f"Final-Recipient: rfc822; {recipient}\n"
        f"Original-Recipient: rfc822;{recipient}\n"
        f"Action: {action}\n"
        f"Status: {status}\n"
        "Remote-MTA: dns; mx.example.nl\n"
        f"Diagnostic-Code: {said}\n"
    )


def postfix(*recipients: str, mail: UUID = MAIL, subject: str = "Undelivered Mail") -> bytes:
    """As Postfix writes it; `recipients` are their fields, one that does not exist without."""
    told = "\n".join(recipients or (fields(),))
    return f"""\
Return-Path: <>
X-Original-To: {envelope_sender(BOUNCES, mail)}
Delivered-To: {envelope_sender(BOUNCES, mail)}
Received: by mail.example.nl (Postfix)
\tid 4F1Xyz0Q2Kz9; Mon, 23 Nov 2026 13:00:00 +0100 (CET)
Date: Mon, 23 Nov 2026 13:00:00 +0100 (CET)
From: MAILER-DAEMON@mail.example.nl (Mail Delivery System)
Subject: {subject} Returned to Sender
To: {envelope_sender(BOUNCES, mail)}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F1Xyz0Q2Kz9.1795435200/mail.example.nl"
Content-Transfer-Encoding: 8bit
Message-Id: <20261123120000.4F1Xyz0Q2Kz9@mail.example.nl>

This is a MIME-encapsulated message.

--4F1Xyz0Q2Kz9.1795435200/mail.example.nl
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.example.nl.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

--4F1Xyz0Q2Kz9.1795435200/mail.example.nl
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.nl
X-Postfix-Queue-ID: 4F1Xyz0Q2Kz9
X-Postfix-Sender: rfc822; {envelope_sender(BOUNCES, mail)}
Arrival-Date: Mon, 23 Nov 2026 12:59:58 +0100 (CET)

{told}
--4F1Xyz0Q2Kz9.1795435200/mail.example.nl
Content-Description: Undelivered Message
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

{_ORIGINAL}
--4F1Xyz0Q2Kz9.1795435200/mail.example.nl--
""".encode()


def exchange(mail: UUID = MAIL) -> bytes:
    """As Exchange writes it: other capitals, no space, a display name, HTML, lines of its own."""
    text = f"""\
Received: from EX01.corp.example.nl (10.0.0.1) by EX02.corp.example.nl (10.0.0.2)
 with Microsoft SMTP Server id 15.1.2507.39; Mon, 23 Nov 2026 13:00:01 +0100
MIME-Version: 1.0
From: <postmaster@example.nl>
To: <{envelope_sender(BOUNCES, mail)}>
Date: Mon, 23 Nov 2026 13:00:01 +0100
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="=_2f_mail.3A_b1"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: nl-NL
Message-ID: <8f1c0a5e-ndr@corp.example.nl>
In-Reply-To: <{mail}@example.nl>
Subject: =?utf-8?Q?Niet_te_bezorgen:_Contact_over_uw_zaak?=
Auto-Submitted: auto-replied

--=_2f_mail.3A_b1
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="b2_binnen"

--b2_binnen
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Delivery has failed to these recipients or groups:=0A

--b2_binnen
Content-Type: text/html; charset="us-ascii"

<html><body>Delivery has failed</body></html>

--b2_binnen--
--=_2f_mail.3A_b1
Content-Type: message/delivery-status

Reporting-MTA: dns;EX02.corp.example.nl
Received-From-MTA: dns;mail.example.nl
Arrival-Date: Mon, 23 Nov 2026 12:00:00 +0000

Original-Recipient: rfc822;Burger@Example.NL
Final-recipient: RFC822;Burger@Example.NL
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound;
 Recipient Burger@Example.NL not found by SMTP address lookup
X-Display-Name: Voorbeeld Burger

--=_2f_mail.3A_b1
Content-Type: text/rfc822-headers

{_ORIGINAL}
--=_2f_mail.3A_b1--
"""
    return text.replace("\n", "\r\n").encode()


def exim(mail: UUID = MAIL) -> bytes:
    """As Exim 4.9 writes it, from an ACL's refusal without an enhanced code."""
    return f"""\
Return-path: <>
Envelope-to: {envelope_sender(BOUNCES, mail)}
Delivery-date: Mon, 23 Nov 2026 13:00:02 +0100
X-Failed-Recipients: {BURGER}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@exim.example.nl>
To: {envelope_sender(BOUNCES, mail)}
References: <{mail}@example.nl>
Content-Type: multipart/report; report-type=delivery-status; boundary=1795435202-eximdsn-1804289383
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1abcde-0001Ab-2C@exim.example.nl>
Date: Mon, 23 Nov 2026 13:00:02 +0100

--1795435202-eximdsn-1804289383
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

  {BURGER}
    host mx.example.nl [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<{BURGER}>:
    550 Unrouteable address

--1795435202-eximdsn-1804289383
Content-type: message/delivery-status

Reporting-MTA: dns; exim.example.nl

Action: failed
Final-Recipient: rfc822;{BURGER}
Status: 5.0.0
Remote-MTA: dns; mx.example.nl
Diagnostic-Code: smtp; 550 Unrouteable address

--1795435202-eximdsn-1804289383
Content-type: message/rfc822

{_ORIGINAL}
--1795435202-eximdsn-1804289383--
""".encode()


def in_words(mail: UUID = MAIL) -> bytes:
    """As Exim wrote it before 2013: for people alone."""
    return f"""\
X-Failed-Recipients: {BURGER}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@exim.example.nl>
To: {envelope_sender(BOUNCES, mail)}
Subject: Mail delivery failed: returning message to sender

A message that you sent could not be delivered to all of its recipients.
The following address(es) failed: {BURGER}: 550 5.1.1 User unknown

{_ORIGINAL}""".encode()


def out_of_office(mail: UUID = MAIL) -> bytes:
    return f"""\
Return-Path: <>
Delivered-To: {envelope_sender(BOUNCES, mail)}
From: Voorbeeld Burger <{BURGER}>
To: {envelope_sender(BOUNCES, mail)}
Subject: Automatisch antwoord: Contact over uw zaak
Auto-Submitted: auto-replied (vacation)
Content-Type: text/plain; charset=utf-8

Ik ben afwezig tot maandag.
""".encode()


def read_receipt(mail: UUID = MAIL) -> bytes:
    report = postfix(mail=mail).replace(b"report-type=delivery", b"report-type=disposition")
    return report.replace(b"message/delivery-status", b"message/disposition-notification")


def encoded(report: bytes, how: str) -> bytes:
    """The same, the part for programs in a transfer encoding: against RFC 3464, but done."""
    head, kind, rest = report.partition(b"Content-Type: message/delivery-status\n")
    content, line, end = rest.partition(b"\n--4F1")
    told = encodebytes(content) if how == "base64" else encodestring(content)
    return b"".join(
        (head, kind, b"Content-Transfer-Encoding: ", how.encode(), b"\n\n", told, line, end)
    )


def wrapped(report: bytes, deep: int = 1) -> bytes:
    """The same within a multipart/mixed, with a footer behind it, `deep` times."""
    for number in range(deep):
        headers, _, body = report.partition(b"\n\n")
        kept = b"\n".join(
            each
            for each in headers.replace(b"\n\t", b" ").split(b"\n")
            if not each.startswith(b"Content-Type")
        )
        (kind,) = (
            each
            for each in headers.replace(b"\n\t", b" ").split(b"\n")
            if each.startswith(b"Content-Type")
        )
        report = b"".join(
            (
                kept,
                b"\nContent-Type: multipart/mixed; boundary=w%d\n\n--w%d\n" % (number, number),
                kind,
                b"\n\n",
                body,
                b"\n--w%d\n\nGescand.\n--w%d--\n" % (number, number),
            )
        )
    return report


def forwarded(report: bytes) -> bytes:
    """The same as an attachment of another mail, as a postmaster forwards it."""
    return b"\n".join(
        (
            b"From: Postmaster <postmaster@example.nl>",
            b"To: klantcontact@example.nl",
            b"Subject: Fwd: Undelivered Mail",
            b"Content-Type: multipart/mixed; boundary=doorgestuurd",
            b"",
            b"--doorgestuurd",
            b"",
            b"Kunnen jullie hier iets mee?",
            b"--doorgestuurd",
            b"Content-Type: message/rfc822",
            b"",
            report,
            b"--doorgestuurd--",
            b"",
        )
    )


def forwarded_as_text(report: bytes) -> bytes:
    """The same as the text of another mail."""
    return b"Content-Type: text/plain\n\nDit kwam terug:\n\n" + report


def diagnostic_first(report: bytes) -> bytes:
    """The same with the mail server's words before the other fields, in lines of their own."""
    head, kind, rest = report.partition(b"Diagnostic-Code: ")
    words, line, end = rest.partition(b"\n")
    before, first, fields_ = head.rpartition(b"Final-Recipient: ")
    return (
        b"".join(
            (before, kind, words.replace(b"Recipient address", b"\nRecipient address"), line, first)
        )
        + fields_
        + end
    )


def without_report(mail: UUID = MAIL) -> bytes:
    """As OpenSMTPD writes it: a part for programs in a multipart/mixed, `5.0.0` for everything."""
    return f"""\
Return-Path: <>
Delivered-To: {envelope_sender(BOUNCES, mail)}
Subject: Delivery status notification: error
From: Mailer Daemon <MAILER-DAEMON@smtpd.example.nl>
To: {envelope_sender(BOUNCES, mail)}
Date: Mon, 23 Nov 2026 13:00:03 +0100 (CET)
MIME-Version: 1.0
Content-Type: multipart/mixed;boundary="17951234/smtpd.example.nl"

This is a MIME-encapsulated message.

--17951234/smtpd.example.nl
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

{BURGER}: 550 5.1.1 <{BURGER}>: Recipient address rejected

--17951234/smtpd.example.nl
Content-Description: Delivery Report
Content-Type: message/delivery-status

Reporting-MTA: dns; smtpd.example.nl

Final-Recipient: rfc822; {BURGER}
Action: failed
Status: 5.0.0

--17951234/smtpd.example.nl
Content-Description: Message headers
Content-Type: text/rfc822-headers

{_ORIGINAL}
--17951234/smtpd.example.nl--
""".encode()


def came(body: bytes, mail: UUID | None = MAIL, **properties: object) -> Delivery:
    """A report as the mail system hands it over, sent to the envelope sender of `mail`."""
    told = {} if mail is None else {"ontvanger": envelope_sender(BOUNCES, mail)}
    given = {
        "queue": "klantcontact.bounce",
        "user_id": "mailsysteem",
        "content_type": "message/rfc822",
        "headers": told,
        **properties,
    }
    return delivery(body, **given)
