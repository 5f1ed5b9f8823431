-- Takes back all that 0009 created, but for the server's roles, which lose their rights here.
DO $rights$
DECLARE
    role_name text;
    schema_name text;
BEGIN
    FOR role_name IN SELECT rolname FROM pg_roles WHERE rolname IN ('netsuite_sync_writer', 'netsuite_sync_reader') LOOP
        FOREACH schema_name IN ARRAY ARRAY['raw', 'quarantine', 'matching', 'publish', 'ops', 'staging', 'workflow'] LOOP
            EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON TABLES FROM %I', schema_name, role_name);
            EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON SEQUENCES FROM %I', schema_name, role_name);
            EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', schema_name, role_name);
            EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM %I', schema_name, role_name);
            EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %I', schema_name, role_name);
        END LOOP;
    END LOOP;
END
$rights$;

DROP TABLE workflow.customer_groups, workflow.customer_assignments, workflow.role_changes, ops.user_mode_switches;
DROP VIEW publish.user_mapping_summary, publish.conflict_candidates;
DROP TABLE publish.user_mapping, publish.conflicts;
DROP VIEW
    matching.cases, matching.evidence, matching.candidates, matching.user_links, matching.latest_verdicts;
DROP TABLE matching.verdicts;
DROP FUNCTION matching.refuse_change();
DROP INDEX ops.user_email_keys_key;
ALTER TABLE matching.employee_matches DROP COLUMN finding, DROP COLUMN address_is_blocked;
