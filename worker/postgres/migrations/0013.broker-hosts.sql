-- The host of the broker that a role is connected to, or was last; null where it has not been yet,
-- and of the version before.
alter table klantcontact.proces add column broker text;
