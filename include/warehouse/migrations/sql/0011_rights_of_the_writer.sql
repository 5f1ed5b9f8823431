-- The sync works as netsuite_sync_writer now, where its login has that role. That needs the right to analyze what it
-- loads (PostgreSQL 17 and newer; before, autovacuum does), and to drop what earlier runs have left in staging. A user
-- that it makes has the role and the activity that the table gives; and what was once known or logged stays so.
DO $rights$
DECLARE
    schema_name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'netsuite_sync_writer') THEN
        RETURN;
    END IF;
    IF current_setting('server_version_num')::integer >= 170000 THEN
        FOREACH schema_name IN ARRAY ARRAY['raw', 'quarantine', 'matching', 'publish', 'ops'] LOOP
            EXECUTE format('GRANT MAINTAIN ON ALL TABLES IN SCHEMA %I TO netsuite_sync_writer', schema_name);
            EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT MAINTAIN ON TABLES TO netsuite_sync_writer', schema_name);
        END LOOP;
    END IF;
    REVOKE INSERT ON workflow.users FROM netsuite_sync_writer;
    GRANT INSERT (account, email, display_name, netsuite_employee_id, origin) ON workflow.users TO netsuite_sync_writer;
    REVOKE DELETE ON matching.past_owners, matching.past_owner_states FROM netsuite_sync_writer;
    REVOKE UPDATE, DELETE ON publish.recipient_changes, ops.publishes FROM netsuite_sync_writer;
    BEGIN
        ALTER SCHEMA staging OWNER TO netsuite_sync_writer;
    EXCEPTION
        WHEN insufficient_privilege THEN RAISE NOTICE 'The schema staging keeps its owner: %', SQLERRM;
    END;
END
$rights$;

-- There twice: user_email_keys_email_key is the same.
DROP INDEX ops.user_email_keys_key;
