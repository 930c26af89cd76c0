-- What a process owner decided stands beside the facts, and before them: null is not decided. The
-- columns without `besluit_` are the newest facts.
--
-- What `register set` changed before this cannot be told from a fact: both were written over each
-- other. It stands as a fact, so that nothing changes by this, and the next facts may set it back
-- as they could before: set it once more to make it a decision.
alter table klantcontact.zaaktype
    add column besluit_klantcontacten boolean,
    add column besluit_notificaties boolean,
    add column besluit_behandelaar boolean;
