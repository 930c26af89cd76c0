-- Keys compare byte by byte (collate "C"), as the program sorts them: locks are taken in key order.

-- The register: facts of others, each a whole snapshot of which the newest `tijd` stands.

create schema if not exists klantcontact;

create table klantcontact.zaaktype (
    identificatie text collate "C" primary key,
    omschrijving text not null,
    klantcontacten_toegestaan boolean not null,
    notificaties boolean not null,
    tijd timestamptz not null
);

-- What the process owner decided (S8), who and when.
create table klantcontact.zaaktype_besluit (
    id uuid primary key,
    zaaktype text collate "C" not null,
    klantcontacten_toegestaan boolean not null,
    notificaties boolean not null,
    door text not null,
    moment timestamptz not null
);
create index on klantcontact.zaaktype_besluit (zaaktype, moment);

create table klantcontact.zaak (
    identificatie text collate "C" primary key,
    zaaktype text collate "C" not null,
    omschrijving text not null,
    startdatum date,
    einddatum date,
    vertrouwelijkheidaanduiding smallint not null check (vertrouwelijkheidaanduiding between 1 and 8),
    status_omschrijving text,
    status_datum_gezet timestamptz,
    tijd timestamptz not null
);

create table klantcontact.betrokkene (
    zaak text collate "C" not null references klantcontact.zaak,
    volgnummer smallint not null,
    identificatie text collate "C" not null,
    rol text not null,
    naam text not null,
    email text,
    taal text not null,
    notificaties boolean not null,
    primary key (zaak, volgnummer)
);

create table klantcontact.applicatie (
    identificatie text collate "C" primary key,
    kanaal text not null,
    types text[] not null,
    client_ids text[] not null,
    tijd timestamptz not null
);

create table klantcontact.autorisatie (
    onderwerp text collate "C" not null,
    identificatie text collate "C" not null,
    zaaktype text collate "C" not null,
    scopes text[] not null,
    max_vertrouwelijkheidaanduiding smallint not null
        check (max_vertrouwelijkheidaanduiding between 1 and 8),
    tijd timestamptz not null,
    primary key (onderwerp, identificatie, zaaktype)
);

-- What is ours. A klantcontact is written once and never updated: a correction is one of its own.

create table klantcontact.klantcontact (
    id uuid primary key,
    zaak text collate "C" references klantcontact.zaak,
    datum_gezet timestamptz not null,
    type text not null check (type in ('click', 'call', 'face', 'mail', 'e-mail')),
    toelichting text,
    onderwerp text,
    initiatief text not null,
    taal text not null,
    vertrouwelijk boolean not null,
    opvoerder_soort text not null,
    opvoerder_identificatie text collate "C" not null,
    opvoerder_naam text,
    opvoerder_organisatie text,
    gesprekspartners jsonb,
    uitkomst jsonb,
    afspraken jsonb,
    correctie boolean not null,
    vervolg_op uuid references klantcontact.klantcontact,
    -- The zaak's status at the moment of registration (S2).
    status_omschrijving text,
    status_datum_gezet timestamptz,
    applicatie text collate "C" not null,
    kanaal text not null,
    geregistreerd timestamptz not null
);
create index klantcontact_dossier on klantcontact.klantcontact (zaak, datum_gezet, id)
    where zaak is not null;

create table klantcontact.document_inhoud (
    sha256 bytea primary key,
    inhoud bytea not null
);

create table klantcontact.document (
    id uuid primary key,
    klantcontact uuid not null references klantcontact.klantcontact,
    volgnummer smallint not null,
    titel text not null,
    formaat text not null,
    auteur text,
    creatiedatum date,
    omvang bigint,
    sha256 bytea not null,
    url text,
    unique (klantcontact, volgnummer)
);

-- The inbox: what was registered, by the message's key. A refused message leaves no row, so
-- that it is judged anew when it comes again.
create table klantcontact.bericht (
    applicatie text collate "C" not null,
    bron text collate "C" not null,
    bericht_id text collate "C" not null,
    digest bytea not null,
    klantcontact uuid not null,
    geregistreerd timestamptz not null,
    primary key (applicatie, bron, bericht_id)
);

create table klantcontact.dead_letter (
    id uuid primary key,
    toestand text not null
        check (toestand in ('wacht', 'open', 'hervat', 'opgelost', 'gearchiveerd')),
    code text not null,
    probleem jsonb not null,
    queue text not null,
    applicatie text collate "C" not null,
    bron text collate "C" not null,
    bericht_id text collate "C" not null,
    digest bytea not null,
    zaak text collate "C",
    headers jsonb not null,
    body bytea not null,
    aantal integer not null default 1,
    eerste timestamptz not null,
    laatste timestamptz not null,
    klantcontact uuid,
    -- Messages without a readable key are told apart by the digest of their body.
    unique (applicatie, bron, bericht_id, digest)
);

-- One mail to one address; its bytes are frozen when it is first offered.
create table klantcontact.mail (
    id uuid primary key,
    zaak text collate "C" not null,
    adres text not null,
    naam text not null,
    taal text not null,
    toestand text not null check (
        toestand in ('wacht', 'aangeboden', 'bezig', 'verzonden', 'uitgesteld', 'mislukt', 'onzeker')
    ),
    gemaakt timestamptz not null,
    -- When a lease runs out or a retry is due: then it is offered again.
    opnieuw timestamptz,
    pogingen integer not null default 0,
    sjabloon text,
    bytes bytea,
    verzonden timestamptz,
    antwoord text
);
create index mail_opnieuw on klantcontact.mail (opnieuw) where opnieuw is not null;

-- One betrokkene and one klantcontact: told in a mail, or why not.
create table klantcontact.notificatie (
    klantcontact uuid not null references klantcontact.klantcontact,
    betrokkene text collate "C" not null,
    rol text not null,
    toestand text not null check (toestand in ('wacht', 'opgenomen', 'achterwege')),
    reden text,
    mail uuid,
    primary key (klantcontact, betrokkene)
);
create index notificatie_mail on klantcontact.notificatie (mail) where mail is not null;

-- Everything that leaves. A claim sets `beschikbaar` to the end of its lease; a row that was
-- dealt with is deleted; one that keeps failing is parked and holds up nothing.
create table klantcontact.outbox (
    id uuid primary key,
    soort text not null check (soort in ('mail')),
    onderwerp uuid not null,
    beschikbaar timestamptz not null,
    pogingen integer not null default 0,
    geparkeerd timestamptz
);
create index outbox_beschikbaar on klantcontact.outbox (beschikbaar) where geparkeerd is null;

-- Who looked at what is masked, when.
create table klantcontact.inzage (
    id uuid primary key,
    door text not null,
    onderwerp text collate "C" not null,
    moment timestamptz not null
);
