-- How often a delivery that came again was tried without a result, so that one that ends the
-- program each time is found. Written before it is tried, deleted when it had a result: nearly
-- always empty. `digest` is the SHA-256 of queue, message id and body.

create table klantcontact.poging (
    digest bytea primary key,
    aantal int not null,
    laatste timestamptz not null
);
create index poging_laatste on klantcontact.poging (laatste);
