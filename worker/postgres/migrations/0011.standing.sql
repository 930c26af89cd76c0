-- What a role is doing and, if it is out, why: a service that is away, and no data. The version
-- before told of a role only while it was ready.
alter table klantcontact.proces add column toestand text not null default 'gereed';
alter table klantcontact.proces add column reden text;
