-- Two roles of the database, for logins of your own: netsuite_sync_writer (what the sync needs, and no more) and
-- netsuite_sync_reader (analysts). Roles belong to the whole server: another database may have made them already, and a
-- user who may not make roles goes without; the statement that is missing then stands in docs/people.md.
DO $roles$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['netsuite_sync_writer', 'netsuite_sync_reader'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN RAISE NOTICE 'The role % was not made: %', name, SQLERRM;
        END;
    END LOOP;
END
$roles$;

-- Rights in this database, and by default on what later migrations make.
DO $rights$
DECLARE
    schema_name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'netsuite_sync_writer')
        OR NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'netsuite_sync_reader') THEN
        RETURN;
    END IF;

    FOREACH schema_name IN ARRAY ARRAY['raw', 'quarantine', 'matching', 'publish', 'ops', 'staging'] LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO netsuite_sync_writer', schema_name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO netsuite_sync_writer', schema_name);
        EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO netsuite_sync_writer', schema_name);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO netsuite_sync_writer', schema_name);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE ON SEQUENCES TO netsuite_sync_writer', schema_name);
    END LOOP;
    GRANT CREATE ON SCHEMA staging TO netsuite_sync_writer;
    -- Verdicts and the switch to match only are a person's.
    REVOKE INSERT, UPDATE, DELETE ON matching.verdicts, ops.user_mode_switches FROM netsuite_sync_writer;
    REVOKE INSERT, UPDATE, DELETE ON ops.alembic_version FROM netsuite_sync_writer;

    -- Of the workflow engine's tables the sync writes users alone, and of an existing user never the role nor whether it is active (O5).
    GRANT USAGE ON SCHEMA workflow TO netsuite_sync_writer;
    GRANT SELECT ON ALL TABLES IN SCHEMA workflow TO netsuite_sync_writer;
    ALTER DEFAULT PRIVILEGES IN SCHEMA workflow GRANT SELECT ON TABLES TO netsuite_sync_writer;
    GRANT INSERT ON workflow.users TO netsuite_sync_writer;
    GRANT UPDATE (email, display_name, netsuite_employee_id, updated_at) ON workflow.users TO netsuite_sync_writer;
    -- To hold the table while it publishes, a right on columns is not enough.
    IF current_setting('server_version_num')::integer >= 170000 THEN
        EXECUTE 'GRANT MAINTAIN ON workflow.users TO netsuite_sync_writer';
    ELSE
        EXECUTE 'GRANT TRUNCATE ON workflow.users TO netsuite_sync_writer';
    END IF;

    FOREACH schema_name IN ARRAY ARRAY['raw', 'quarantine', 'matching', 'publish', 'ops', 'workflow'] LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO netsuite_sync_reader', schema_name);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO netsuite_sync_reader', schema_name);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO netsuite_sync_reader', schema_name);
    END LOOP;
END
$rights$;
