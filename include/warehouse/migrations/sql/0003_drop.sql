-- Takes back all that 0002 created.

DROP VIEW publish.coverage;
DROP TABLE ops.extraction_windows;
ALTER TABLE ops.sync_runs DROP COLUMN covers_from;
COMMENT ON SCHEMA ops IS 'The run ledger and the watermarks.';
