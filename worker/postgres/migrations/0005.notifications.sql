-- Which mail somebody gets, what is bundled, what every attempt said, and what came back.

-- Whether the behandelaar is told, too: by a mail of their own kind.
alter table klantcontact.zaaktype
    add column notificaties_behandelaar boolean not null default true;
alter table klantcontact.zaaktype_besluit
    add column notificaties_behandelaar boolean not null default true;

alter table klantcontact.mail
    -- Which templates it is made from.
    add column soort text not null default 'klantcontact-toegevoegd',
    -- The address as it is compared: lower case in ASCII.
    add column sleutel text collate "C",
    -- Whether klantcontacten may still join it; closed for good when it is first claimed.
    add column open boolean not null default false,
    -- What the mail server said last, as a number.
    add column code smallint,
    -- The mail that a person sent anew with this one.
    add column herhaalt uuid references klantcontact.mail;
create unique index mail_open on klantcontact.mail (zaak, sleutel, soort) where open;
create index mail_zaak on klantcontact.mail (zaak, id desc);

-- Every attempt and every report, in the mail server's words; they may quote the recipient.
create table klantcontact.mail_poging (
    id uuid primary key,
    mail uuid not null references klantcontact.mail on delete cascade,
    moment timestamptz not null,
    toestand text not null check (toestand in (
        'verzonden', 'uitgesteld', 'mislukt', 'onzeker', 'vertraagd', 'teruggekomen'
    )),
    code smallint,
    -- RFC 3463, as 5.1.1; of a report.
    status text,
    antwoord text not null
);
create index mail_poging_mail on klantcontact.mail_poging (mail, moment);

-- Addresses that a mail came back from for good, as they are compared: later mails to them are
-- withheld. A zaak whose facts bring another address is not concerned.
create table klantcontact.onbestelbaar (
    adres text collate "C" primary key,
    mail uuid not null,
    status text not null,
    moment timestamptz not null
);
