-- One row calls many dead letters back: their ids stand in `inhoud`, 16 bytes each. A row without
-- calls back its `onderwerp` alone, as workers of the version before write and read it.

alter table klantcontact.outbox
    drop constraint outbox_inhoud_check,
    add constraint outbox_inhoud_check check (
        (soort = 'hervat' or (soort = 'mail') = (inhoud is null))
        and (soort in ('mail', 'hervat')) = (adres is null)
    );
