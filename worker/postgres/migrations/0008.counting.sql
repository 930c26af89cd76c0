-- Parked rows are few, and are counted every few seconds.

create index outbox_geparkeerd on klantcontact.outbox (geparkeerd) where geparkeerd is not null;
