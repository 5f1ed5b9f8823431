-- Takes back all that 0001 created. The schema ops stays: Alembic keeps its version there.

DROP SCHEMA matching, publish, quarantine, raw, staging CASCADE;
DROP TABLE IF EXISTS ops.user_email_keys;
DROP SCHEMA workflow CASCADE;
DROP VIEW ops.sync_steps;
DROP TABLE ops.sync_runs, ops.watermarks;
