-- Three roles with no more rights than their work needs, in the database that this runs in:
--
--   klantcontact_migrate   owns the schema, and is who `klantcontact migrate` comes as
--   klantcontact_worker    is who workers, and the commands that put something right, come as
--   klantcontact_read      is who only looks; it sees what the commands mask, and writes nothing
--
-- An administrator runs it before the first migration. It runs again after every migration, as
-- the administrator or as klantcontact_migrate: a new table is nobody's but its owner's until it
-- has a line below. Running it again changes nothing else. Passwords are none of its business.
--
--   psql --set ON_ERROR_STOP=1 --dbname klantcontact --file roles.sql

-- What only an administrator can do. The migrating role skips it: it was done before.
do $$
declare
    rol text;
    ding record;
begin
    if current_user = 'klantcontact_migrate' then
        return;
    end if;
    foreach rol in array array['klantcontact_migrate', 'klantcontact_worker', 'klantcontact_read']
    loop
        if to_regrole(rol) is null then
            execute format('create role %I login', rol);
        end if;
        execute format('grant connect on database %I to %I', current_database(), rol);
    end loop;
    -- An administrator who is no superuser, as on a hosted PostgreSQL, acts as the owner below.
    if not pg_has_role(current_user, 'klantcontact_migrate', 'usage') then
        execute format('grant klantcontact_migrate to %I', current_user);
    end if;
    -- Nobody makes anything in this database but who migrates: the tables of the migrations
    -- themselves (_yoyo_*) stand in the schema public.
    execute format('revoke create, temporary on database %I from public', current_database());
    execute format('grant create on database %I to klantcontact_migrate', current_database());
    revoke create on schema public from public;
    grant usage, create on schema public to klantcontact_migrate;
    grant usage on schema public to klantcontact_worker;
    -- Whoever looks by hand changes nothing by mistake, and holds nobody up.
    alter role klantcontact_read set default_transaction_read_only = on;
    alter role klantcontact_read set statement_timeout = '1min';
    alter role klantcontact_read set idle_in_transaction_session_timeout = '1min';

    create schema if not exists klantcontact authorization klantcontact_migrate;
    -- What another role made, before there were these, goes over to the owner.
    for ding in
        select format('schema %I', nspname) as naam from pg_namespace
        where nspname = 'klantcontact' and nspowner <> 'klantcontact_migrate'::regrole
        union all
        select format('table %s', oid::regclass) from pg_class
        where relkind in ('r', 'p') and relowner <> 'klantcontact_migrate'::regrole and (
            relnamespace = 'klantcontact'::regnamespace
            or relnamespace = 'public'::regnamespace and relname ~ '^_?yoyo_'
        )
        union all
        select format('function %s', oid::regprocedure) from pg_proc
        where pronamespace = 'klantcontact'::regnamespace
            and proowner <> 'klantcontact_migrate'::regrole
        union all
        select format('statistics klantcontact.%I', stxname) from pg_statistic_ext
        where stxnamespace = 'klantcontact'::regnamespace
            and stxowner <> 'klantcontact_migrate'::regrole
    loop
        execute format('alter %s owner to klantcontact_migrate', ding.naam);
    end loop;
end $$;

-- A function is everybody's unless this says otherwise; a table is its owner's alone, and stays so
-- whatever an administrator once set.
alter default privileges for role klantcontact_migrate
    revoke execute on functions from public;
alter default privileges for role klantcontact_migrate in schema klantcontact
    revoke all on tables from public, klantcontact_worker, klantcontact_read;

-- What is decided, table by table. A worker deletes what housekeeping removes by age, what has
-- left (outbox), what is a claim (bericht, poging), and what its newest facts replace
-- (betrokkene): never a klantcontact, a document or a mail. Where a right to update stands for one
-- column only, that column is all that changes, or the right is there for a row lock.
do $$
declare
    besluit record;
    vergeten text;
begin
    grant usage on schema klantcontact to klantcontact_worker, klantcontact_read;
    revoke execute on all functions in schema klantcontact from public;
    revoke all on all tables in schema klantcontact
        from public, klantcontact_worker, klantcontact_read;
    for besluit in
        select * from (values
            -- the register
            ('zaaktype', 'select, insert, update', 'select'),
            ('zaaktype_besluit', 'select, insert', 'select'),
            ('zaak', 'select, insert, update', 'select'),
            ('betrokkene', 'select, insert, delete', 'select'),
            ('applicatie', 'select, insert, update', 'select'),
            ('autorisatie', 'select, insert, update', 'select'),
            -- the dossier
            ('klantcontact', 'select, insert', 'select'),
            ('document', 'select, insert', 'select'),
            ('document_inhoud', 'select, insert', 'select'),
            ('herstel', 'select, insert', 'select'),
            ('inzage', 'insert', 'select'),
            -- the inbox
            ('bericht', 'select, insert, update (geregistreerd), delete', 'select'),
            ('gebonden_token', 'select, insert, update (eerste), delete', 'select'),
            ('poging', 'select, insert, update, delete', 'select'),
            -- who was told
            ('notificatie', 'select, insert, update (mail)', 'select'),
            ('mail', 'select, insert, update', 'select'),
            ('mail_poging', 'select, insert', 'select'),
            ('mail_handeling', 'select, insert', 'select'),
            ('onbestelbaar', 'select, insert, delete', 'select'),
            ('outbox', 'select, insert, update, delete', 'select'),
            -- who is at work
            ('proces', 'select, insert, update, delete', 'select'),
            ('gestremde_queue', 'select, insert, update, delete', 'select'),
            -- dead letters
            ('dead_letter', 'select, insert, update, delete', 'select'),
            ('dead_letter_versie', 'select, insert', 'select'),
            ('dead_letter_handeling', 'select, insert', 'select'),
            ('dead_letter_telling', 'select, insert, delete', 'select'),
            ('dead_letter_groep', 'select, insert, update', 'select'),
            -- tokens with their signature: nobody's to look at
            ('wachtend_token', 'select, insert, update, delete', null)
        ) as besluiten (tabel, worker, lezer)
        -- A table of a migration that is still to come has its decision before it is there.
        where to_regclass('klantcontact.' || tabel) is not null
    loop
        execute format(
            'grant %s on klantcontact.%I to klantcontact_worker', besluit.worker, besluit.tabel
        );
        if besluit.lezer is not null then
            execute format(
                'grant %s on klantcontact.%I to klantcontact_read', besluit.lezer, besluit.tabel
            );
        end if;
    end loop;
    -- A worker looks at its start whether the schema is as new as it is.
    if to_regclass('public._yoyo_migration') is not null then
        grant select on public._yoyo_migration to klantcontact_worker;
    end if;

    select string_agg(relname, ', ' order by relname) into vergeten from pg_class
    where relnamespace = 'klantcontact'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
        and not has_table_privilege('klantcontact_worker', oid, 'select, insert');
    if vergeten is not null then
        raise exception 'no rights are decided for %: add them to roles.sql', vergeten;
    end if;
end $$;
