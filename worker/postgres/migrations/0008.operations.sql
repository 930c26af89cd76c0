-- Parked rows are few, and are counted every few seconds.
create index outbox_geparkeerd on klantcontact.outbox (geparkeerd) where geparkeerd is not null;

-- Which role works in which process; each says every few seconds that it is there, and takes its
-- row away when it ends. One that was killed leaves its row, until housekeeping finds it.
create table klantcontact.proces (
    id uuid,
    rol text,
    host text not null,
    pid integer not null,
    versie text not null,
    begonnen timestamptz not null,
    gezien timestamptz not null,
    primary key (id, rol)
);
