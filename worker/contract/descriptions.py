"""What each field of the contract means, by model and name: all of them, as a test sees.

Sources: S1 to S14 are the lines of the assignment (docs/message.md); Klantinteracties, Zaken API
and RGBZ are the standards that a field maps to.
"""

from __future__ import annotations

from typing import Final

_MOMENT: Final = "The moment that this was so; without it, the moment that it was sent."

DESCRIPTIONS: Final[dict[str, str]] = {
    "Klantcontact": "One contact between client and municipality (S10), with who, what and"
    " outcome (S12). A toelichting or a document is needed (S5).",
    "Klantcontact.zaak": "The number of the zaak; needed, unless contacts without a zaak are"
    " switched on (S13).",
    "Klantcontact.datumGezet": "When the contact was: plaatsgevondenOp in Klantinteracties.",
    "Klantcontact.type": "By which means: kanaal in Klantinteracties (S4).",
    "Klantcontact.toelichting": "What was said: inhoud in Klantinteracties. Never in a log, an"
    " event or a mail.",
    "Klantcontact.onderwerp": "What it was about (S12).",
    "Klantcontact.initiatief": "Who began.",
    "Klantcontact.taal": "The language spoken or written: any ISO 639 code; nl, nld and dut are"
    " the same.",
    "Klantcontact.vertrouwelijk": "Whether onderwerp, inhoud and kenmerken are confidential, as in"
    " Klantinteracties: the dossier then shows them to nobody who does not ask for it, on record.",
    "Klantcontact.opvoerder": "Who entered it: proven by the token, not claimed (S6).",
    "Klantcontact.gesprekspartners": "With whom the contact was (S12).",
    "Klantcontact.uitkomst": "What came of it (S12).",
    "Klantcontact.afspraken": "What was agreed (S12).",
    "Klantcontact.documenten": "Recordings, notes and letters (S11): Bijlage in Klantinteracties.",
    "Klantcontact.correctie": "Whether it corrects an earlier one: needs vervolgOp and a"
    " toelichting that says why, and mails nobody.",
    "Klantcontact.vervolgOp": "The id of an earlier klantcontact on the same zaak; what is no"
    " correction may also name one without a zaak, which links it to this zaak (S13).",
    "Type": "Web, telephone, desk, post and e-mail: the closed list of S4.",
    "Opvoerder": "Who entered the klantcontact: Actor in Klantinteracties (S6, S7).",
    "Opvoerder.soort": "Decides by which claim of the token it is proven.",
    "Opvoerder.identificatie": "What that claim says, to the letter.",
    "Opvoerder.naam": "For people to read; proves nothing.",
    "Opvoerder.organisatie": "Where they work; proves nothing.",
    "OpvoerderSoort": "medewerker: ZGW user_id or the OpenID Connect claim that is set;"
    " organisatorische_eenheid: a person's claim organisatie; geautomatiseerde_actor: client_id"
    " or azp of a token without a person; betrokkene: an OpenID Connect token's sub.",
    "Gesprekspartner": "Somebody the contact was with (S12).",
    "Gesprekspartner.rol": "For example klant or vertegenwoordiger, as in Klantinteracties.",
    "Gesprekspartner.naam": "Who it was.",
    "Gesprekspartner.identificatie": "A pseudonym or a number; never a BSN.",
    "Uitkomst": "What came of the contact (S12).",
    "Uitkomst.gelukt": "Whether there was contact: indicatieContactGelukt in Klantinteracties.",
    "Uitkomst.omschrijving": "In words: reactie in Klantinteracties.",
    "Afspraak": "Something that was agreed (S12).",
    "Afspraak.omschrijving": "What is to be done.",
    "Afspraak.uiterlijk": "The last day for it.",
    "Afspraak.door": "Who does it.",
    "Document": "A document with what it says about the contact (S11): its content in inhoud, or"
    " the url where it is kept, with its sha256.",
    "Document.titel": "What it is called.",
    "Document.formaat": "Its media type (RFC 6838).",
    "Document.inhoud": "Its content in base64 (RFC 4648, section 4), without line ends.",
    "Document.url": "Where it is kept, for what is too large for a message.",
    "Document.omvang": "Its size in bytes; with inhoud it is computed, and must be right.",
    "Document.sha256": "SHA-256 of its content in hexadecimal; with inhoud it is computed, and"
    " must be right.",
    "Document.auteur": "Who made it.",
    "Document.creatiedatum": "The day it was made.",
    "Zaaktype": "A kind of zaak with its process owner's settings (S8). By file only.",
    "Zaaktype.time": _MOMENT,
    "Zaaktype.soort": "What kind of fact this is.",
    "Zaaktype.identificatie": "What zaken name as their zaaktype.",
    "Zaaktype.omschrijving": "For people to read.",
    "Zaaktype.klantcontactenToegestaan": "Whether klantcontacten may be added (S8).",
    "Zaaktype.notificaties": "Whether betrokkenen get a mail (S9).",
    "Zaaktype.notificatiesBehandelaar": "Whether the behandelaar gets one, too, as a colleague.",
    "Zaak": "A zaak, whole: what is left out is not there. The newest time wins.",
    "Zaak.time": _MOMENT,
    "Zaak.soort": "What kind of fact this is.",
    "Zaak.identificatie": "The number of the zaak.",
    "Zaak.zaaktype": "The identificatie of its zaaktype.",
    "Zaak.omschrijving": "What it is about; stands in the mails.",
    "Zaak.startdatum": "Its first day.",
    "Zaak.einddatum": "Its last day; a zaak runs until it has one (S3, Zaken API).",
    "Zaak.vertrouwelijkheidaanduiding": "How confidential, in rising order (Zaken API).",
    "Zaak.status": "Its current status, which each klantcontact keeps (S2).",
    "Zaak.betrokkenen": "Everyone involved: who gets a mail (S9), and who may add.",
    "Status": "Where the zaak stands (S2).",
    "Status.omschrijving": "Its name.",
    "Status.datumGezet": "Since when.",
    "Betrokkene": "Someone involved in the zaak (S9).",
    "Betrokkene.identificatie": "A pseudonym: what the sub of their token says; never a BSN.",
    "Betrokkene.rol": "For example initiator or behandelaar, as in the Zaken API.",
    "Betrokkene.naam": "As a mail addresses them.",
    "Betrokkene.email": "Where the mail goes; without one, or with one that is none, no mail.",
    "Betrokkene.taal": "The language of their mail; what is no language is Dutch.",
    "Betrokkene.notificaties": "Whether they want mails.",
    "Applicatie": "A channel system. By file only.",
    "Applicatie.time": _MOMENT,
    "Applicatie.soort": "What kind of fact this is.",
    "Applicatie.identificatie": "The name of its user on the broker.",
    "Applicatie.kanaal": "The routing key that it sends with.",
    "Applicatie.types": "Which types of klantcontact it may send (S4).",
    "Applicatie.clientIds": "Which client_ids its ZGW tokens may have.",
    "Autorisatie": "What one subject may do with zaken (S7, Autorisaties API). By file only.",
    "Autorisatie.time": _MOMENT,
    "Autorisatie.soort": "What kind of fact this is.",
    "Autorisatie.onderwerp": "What kind of subject.",
    "Autorisatie.identificatie": "Which one.",
    "Autorisatie.zaaktype": "The zaaktype whose zaken it holds for, or * for all.",
    "Autorisatie.scopes": "klantcontacten.toevoegen, and klantcontacten.geforceerd-bijwerken for"
    " corrections on a closed zaak (zrc-007). An empty list takes the rights away.",
    "Autorisatie.maxVertrouwelijkheidaanduiding": "Up to how confidential a zaak.",
}
