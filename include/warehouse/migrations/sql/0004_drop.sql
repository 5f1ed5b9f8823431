-- Takes back all that 0004 created. Runs that wait for approval, or were rejected, count as failed.

DROP TABLE ops.blast_radius;
UPDATE ops.sync_runs
SET state = 'failed'
WHERE state IN ('waiting', 'rejected');
ALTER TABLE ops.sync_runs DROP CONSTRAINT sync_runs_state_check;
ALTER TABLE ops.sync_runs ADD CONSTRAINT sync_runs_state_check CHECK (state IN ('running', 'success', 'failed'));
ALTER TABLE ops.sync_runs DROP COLUMN window_ends;
