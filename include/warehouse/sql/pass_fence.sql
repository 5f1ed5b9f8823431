-- A run passes its fence. Grain: the run's row in the ledger.
-- Passed again, the first cut-off, windows, fields and columns stay, so that a repeated run reads what it read before.

INSERT INTO ops.sync_runs (account, run_id, dag_id, cutoff_at, windows, covers_from, fields, columns)
VALUES (:account, :run_id, :dag_id, :cutoff_at, :windows, :covers_from, :fields, :columns)
ON CONFLICT (account, run_id) DO UPDATE SET
    cutoff_at = coalesce(sync_runs.cutoff_at, excluded.cutoff_at),
    windows = CASE WHEN sync_runs.cutoff_at IS NULL THEN excluded.windows ELSE sync_runs.windows END,
    covers_from = CASE WHEN sync_runs.cutoff_at IS NULL THEN excluded.covers_from ELSE sync_runs.covers_from END,
    fields = CASE WHEN sync_runs.cutoff_at IS NULL THEN excluded.fields ELSE sync_runs.fields END,
    columns = CASE WHEN sync_runs.cutoff_at IS NULL THEN excluded.columns ELSE sync_runs.columns END,
    state = 'running',
    error = NULL,
    finished_at = NULL;
