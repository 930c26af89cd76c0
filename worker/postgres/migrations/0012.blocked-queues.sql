-- Queues at whose next message the broker ends the connection: since when, what the broker says
-- (code and text), and why the message cannot be put away, if so. One process at a time, by
-- PostgreSQL's clock, takes messages off the queue: `proces` until `tot`. A row that was not
-- `gezien` for minutes is of a process that is gone.

create table klantcontact.gestremde_queue (
    queue text collate "C" primary key,
    antwoord text not null default '',
    reden text,
    sinds timestamptz not null,
    gezien timestamptz not null,
    proces uuid,
    tot timestamptz
);
