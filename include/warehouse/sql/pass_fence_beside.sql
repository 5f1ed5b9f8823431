-- A run that reads beside the scheduled ones passes its fence. Grain: the run's row in the ledger.
-- Passed again, it reads anew: nothing that others read depends on its windows.

INSERT INTO ops.sync_runs (account, run_id, dag_id, cutoff_at, windows, window_ends, fields, columns)
VALUES (:account, :run_id, :dag_id, :cutoff_at, :windows, :window_ends, :fields, :columns)
ON CONFLICT (account, run_id) DO UPDATE SET
    cutoff_at = excluded.cutoff_at,
    windows = excluded.windows,
    window_ends = excluded.window_ends,
    fields = excluded.fields,
    columns = excluded.columns,
    state = 'running',
    error = NULL,
    finished_at = NULL;
