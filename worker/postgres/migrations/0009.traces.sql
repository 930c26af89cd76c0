-- The context of a trace (W3C's traceparent) of what a row of the outbox and a mail follow from,
-- where traces are on. A mail may tell of several klantcontacten.
alter table klantcontact.outbox add column trace text;
alter table klantcontact.mail add column trace text[];
