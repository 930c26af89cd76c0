-- Who was told, found however many there are; and what people did about a mail.

-- Mails are listed from new to old by their ids, which begin with the moment at which they were
-- made. Nearly all are sent with 250: those are found by the key alone, and cost no index here.
create index mail_toestand on klantcontact.mail (toestand, id desc) where toestand <> 'verzonden';
create index mail_code on klantcontact.mail (code, toestand, id desc) where code <> 250;
create index mail_herhaalt on klantcontact.mail (herhaalt) where herhaalt is not null;
create index notificatie_reden on klantcontact.notificatie (reden, klantcontact desc)
    where reden is not null;

-- What somebody did about a mail, short of retrying its dead letter: that is in the letter's own
-- history. `resend` stands beside the new mail, `unmark` beside the one whose address it was.
create table klantcontact.mail_handeling (
    id uuid primary key,
    mail uuid not null references klantcontact.mail on delete cascade,
    handeling text not null check (handeling in ('resend', 'unmark')),
    door text not null,
    reden text,
    moment timestamptz not null
);
create index mail_handeling_mail on klantcontact.mail_handeling (mail, moment);

-- Why somebody looked at what is masked.
alter table klantcontact.inzage add column reden text;
