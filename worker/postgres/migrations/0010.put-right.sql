-- What people changed in a message before it was registered. It stays with the klantcontact for
-- good: the dead letter that it was is removed in time, and its history with it. `velden` are the
-- names of what was changed, never values.
create table klantcontact.herstel (
    klantcontact uuid not null references klantcontact.klantcontact,
    versie integer not null check (versie > 0),
    door text not null,
    moment timestamptz not null,
    reden text,
    velden text[] not null,
    primary key (klantcontact, versie)
);

-- Of what was registered before this table was there, as far as the dead letter is still kept. One
-- that was resolved by the sender's own message, whatever somebody had made of it, is not of it:
-- then the inbox knows no content but the sender's.
insert into klantcontact.herstel (klantcontact, versie, door, moment, reden, velden)
select d.klantcontact, (h.bijzonderheden ->> 'versie')::integer, h.door, h.moment, h.reden,
       array(select jsonb_array_elements_text(h.bijzonderheden -> 'velden'))
from klantcontact.dead_letter as d
join klantcontact.dead_letter_handeling as h on h.dead_letter = d.id and h.handeling = 'edit'
join klantcontact.bericht as b on b.applicatie = d.applicatie and b.bron = d.bron
    and b.bericht_id = coalesce(d.nieuw_id, d.bericht_id)
where d.toestand = 'opgelost' and b.klantcontact = d.klantcontact and b.oorspronkelijk = d.digest
on conflict do nothing;

-- What followed on a klantcontact, and those without a zaak from new to old: both are few.
create index klantcontact_vervolg on klantcontact.klantcontact (vervolg_op)
    where vervolg_op is not null;
create index klantcontact_zonder_zaak on klantcontact.klantcontact (id) where zaak is null;
