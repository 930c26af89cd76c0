-- Outcomes leave as the mails do: an event for everybody, a reply for the sender. `adres` is the
-- routing key, `inhoud` the finished message.

alter table klantcontact.outbox drop constraint outbox_soort_check;
alter table klantcontact.outbox
    add column adres text,
    add column correlatie text,
    add column inhoud bytea,
    add constraint outbox_soort_check check (soort in ('mail', 'gebeurtenis', 'antwoord')),
    add constraint outbox_inhoud_check check (
        (soort = 'mail') = (inhoud is null) and (soort = 'mail') = (adres is null)
    );

-- A token that is bound to one message (claim `digest`) by the SHA-256 of its signed part, and
-- the message that it came with first: under another id it is a replay.
create table klantcontact.gebonden_token (
    sha256 bytea primary key,
    applicatie text collate "C" not null,
    bron text collate "C" not null,
    bericht_id text collate "C" not null,
    eerste timestamptz not null
);

-- A correction on a closed zaak, made by the stronger scope (zrc-007).
alter table klantcontact.klantcontact add column geforceerd boolean not null default false;

-- What the message's token proved when it first came; the token's signature is not kept.
alter table klantcontact.dead_letter add column identiteit jsonb;
