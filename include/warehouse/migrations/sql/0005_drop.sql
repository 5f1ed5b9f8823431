-- Takes back all that 0005 created.

ALTER TABLE ops.watermarks DROP COLUMN columns;
ALTER TABLE ops.sync_runs DROP COLUMN columns;
