-- The end of a run. Grain: the run's row in the ledger.

UPDATE ops.sync_runs
SET
    state = :state,
    error = :error,
    finished_at = now()
WHERE account = :account
    AND run_id = :run_id;
