-- Dead letters that come again, are put right by people, and are counted as they go.

alter table klantcontact.dead_letter
    -- The field of the first error, list items without their numbers; '?' is a name that the
    -- sender made up, '-' an error of no field. (code, queue, veld) is the group.
    add column veld text not null default '-',
    -- How often it was judged. Whoever puts an outcome on record compares it, so that of two
    -- who judge the same attempt one counts.
    add column pogingen integer not null default 1,
    -- How often it was put off since it last came: its place in the schedule.
    add column uitgesteld integer not null default 0,
    -- When it is due: the next attempt of what waits, the end of the lease of what was offered.
    add column opnieuw timestamptz,
    -- The version of the body that is in force; 0 is the body as it came.
    add column versie integer not null default 0,
    -- What a person allowed for the next attempt: another id, and to be older than is taken.
    add column nieuw_id text collate "C",
    add column ook_verlopen boolean not null default false;

create index dead_letter_op_laatste on klantcontact.dead_letter
    (toestand, laatste desc, id desc, queue, applicatie);
create index dead_letter_op_code on klantcontact.dead_letter
    (toestand, code, laatste desc, id desc, queue, veld);
create index dead_letter_op_groep on klantcontact.dead_letter
    (toestand, code, queue, veld, eerste, id);
create index dead_letter_op_zaak on klantcontact.dead_letter (zaak, laatste desc, id desc)
    where zaak is not null;
create index dead_letter_op_opnieuw on klantcontact.dead_letter (opnieuw) where opnieuw is not null;

-- A field belongs to its code: taken as independent, a group would be thought so small that all
-- of it could be read and sorted for one page.
create statistics klantcontact.dead_letter_groepen (mcv) on code, queue, veld
    from klantcontact.dead_letter;

-- What a person made of a body: the contract's JSON, whatever the format that it came in.
create table klantcontact.dead_letter_versie (
    dead_letter uuid not null references klantcontact.dead_letter on delete cascade,
    versie integer not null check (versie > 0),
    inhoud bytea not null,
    primary key (dead_letter, versie)
);

-- Who did what, when and why; `refused` is the worker's word on a retry.
create table klantcontact.dead_letter_handeling (
    id uuid primary key,
    dead_letter uuid not null references klantcontact.dead_letter on delete cascade,
    handeling text not null check (
        handeling in ('retry', 'edit', 'archive', 'restore', 'note', 'reveal', 'export', 'refused')
    ),
    door text not null,
    reden text,
    moment timestamptz not null,
    -- What belongs to it: the version and fields of an edit, the code of a refusal.
    bijzonderheden jsonb
);
create index on klantcontact.dead_letter_handeling (dead_letter, moment);

-- Counts per group, so that a million dead letters are summed as fast as a thousand. Rows are
-- added and never changed, so that nobody waits for anybody; a job of the worker sums them up.
-- With `toestand` a row tells how many more dead letters are in it; with `uur` how many arrivals
-- there were in that hour, and `laatste` the last of them.
create table klantcontact.dead_letter_telling (
    code text not null,
    queue text not null,
    veld text not null,
    toestand text,
    uur timestamptz,
    aantal bigint not null,
    laatste timestamptz,
    check ((toestand is null) <> (uur is null) and (uur is null) = (laatste is null))
);

create function klantcontact.dead_letters_came() returns trigger language plpgsql as $$
begin
    insert into klantcontact.dead_letter_telling
        (code, queue, veld, toestand, uur, aantal, laatste)
    select code, queue, veld, toestand, null, count(*), null
    from nieuw group by code, queue, veld, toestand
    union all
    select code, queue, veld, null, date_trunc('hour', laatste), sum(aantal), max(laatste)
    from nieuw group by code, queue, veld, date_trunc('hour', laatste);
    return null;
end $$;

create function klantcontact.dead_letters_changed() returns trigger language plpgsql as $$
begin
    insert into klantcontact.dead_letter_telling
        (code, queue, veld, toestand, uur, aantal, laatste)
    select code, queue, veld, toestand, null, sum(erbij), null
    from (
        select code, queue, veld, toestand, 1 as erbij from nieuw
        union all
        select code, queue, veld, toestand, -1 from oud
    ) as verschil
    group by code, queue, veld, toestand having sum(erbij) <> 0
    union all
    select n.code, n.queue, n.veld, null, date_trunc('hour', n.laatste),
           sum(greatest(n.aantal - o.aantal, 1)), max(n.laatste)
    from nieuw as n join oud as o using (id)
    where n.laatste > o.laatste and n.toestand in ('wacht', 'open')
    group by n.code, n.queue, n.veld, date_trunc('hour', n.laatste);
    return null;
end $$;

create function klantcontact.dead_letters_went() returns trigger language plpgsql as $$
begin
    insert into klantcontact.dead_letter_telling
        (code, queue, veld, toestand, uur, aantal, laatste)
    select code, queue, veld, toestand, null, -count(*), null
    from oud group by code, queue, veld, toestand;
    return null;
end $$;

create trigger dead_letters_came after insert on klantcontact.dead_letter
    referencing new table as nieuw
    for each statement execute function klantcontact.dead_letters_came();
create trigger dead_letters_changed after update on klantcontact.dead_letter
    referencing old table as oud new table as nieuw
    for each statement execute function klantcontact.dead_letters_changed();
create trigger dead_letters_went after delete on klantcontact.dead_letter
    referencing old table as oud
    for each statement execute function klantcontact.dead_letters_went();

insert into klantcontact.dead_letter_telling (code, queue, veld, toestand, uur, aantal, laatste)
select code, queue, veld, toestand, null, count(*), null
from klantcontact.dead_letter group by code, queue, veld, toestand
union all
select code, queue, veld, null, date_trunc('hour', laatste), sum(aantal), max(laatste)
from klantcontact.dead_letter group by code, queue, veld, date_trunc('hour', laatste);

-- Of which groups it was told last when that they grow.
create table klantcontact.dead_letter_groep (
    code text not null,
    queue text not null,
    veld text not null,
    gemeld timestamptz not null,
    primary key (code, queue, veld)
);

-- What comes again leaves through the outbox: its id on klantcontact.hervat, and nothing else.
alter table klantcontact.outbox
    drop constraint outbox_soort_check,
    drop constraint outbox_inhoud_check,
    add constraint outbox_soort_check
        check (soort in ('mail', 'gebeurtenis', 'antwoord', 'hervat')),
    add constraint outbox_inhoud_check check (
        (soort in ('mail', 'hervat')) = (inhoud is null)
        and (soort in ('mail', 'hervat')) = (adres is null)
    );

-- What was registered after a person edited it is known by the sender's own content, too.
alter table klantcontact.bericht add column oorspronkelijk bytea;

-- Old rows go by age; in the order in which they came they need no larger index.
create index on klantcontact.bericht using brin (geregistreerd);
create index on klantcontact.gebonden_token using brin (eerste);
