-- The header `authorization` of a dead letter whose token is still to be judged: the key for it
-- cannot be had yet, or the broker or the program gave the message up before anybody looked at it.
-- Whoever has it could speak in somebody's name, so it stands apart from what klantcontact_read may
-- read, and goes with the outcome. `wacht`: for want of a key; of those few are kept at once.
create table klantcontact.wachtend_token (
    dead_letter uuid primary key references klantcontact.dead_letter on delete cascade,
    applicatie text collate "C" not null,
    wacht boolean not null,
    token text not null
);
create index on klantcontact.wachtend_token (applicatie) where wacht;

-- By its owner's rights: until roles.sql has been run again, workers that go on have none on this
-- table, and each change of a dead letter comes by here.
create function klantcontact.dead_letters_decided() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from klantcontact.wachtend_token where dead_letter in (
        select id from nieuw where toestand in ('opgelost', 'gearchiveerd')
    );
    return null;
end $$;
create trigger dead_letters_decided after update on klantcontact.dead_letter
    referencing new table as nieuw
    for each statement execute function klantcontact.dead_letters_decided();

-- Until now a token that had proved nothing stayed in the headers, whole. What was judged by it
-- needs it no more; a retry of the others does.
insert into klantcontact.wachtend_token (dead_letter, applicatie, wacht, token)
select id, applicatie, false, kop
from klantcontact.dead_letter,
     coalesce(headers #>> '{headers,authorization}', headers #>> '{headers,Authorization}') as kop
where identiteit is null and toestand in ('open', 'hervat', 'wacht')
    and length(kop) < 9000
    and not probleem @> '{"errors": [{"code": "opvoerder-niet-geauthenticeerd"}]}';

update klantcontact.dead_letter
set headers = regexp_replace(
    headers::text,
    '(e(?:y[A-DI-L]|w[k-r0-3])[A-Za-z0-9_-]{13,}\.[A-Za-z0-9_-]*\.)[A-Za-z0-9_.-]+', '\1', 'g'
)::jsonb
where headers::text
    ~ 'e(y[A-DI-L]|w[k-r0-3])[A-Za-z0-9_-]{13,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_.-]';
