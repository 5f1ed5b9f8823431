-- One step's record, in the place of its last one. Grain: one key of the run's counts.
-- Only that key is touched: steps of one run write side by side, and wait for each other at the row.

INSERT INTO ops.sync_runs (account, run_id, dag_id, counts)
VALUES (
    :account,
    :run_id,
    :dag_id,
    jsonb_build_object(CAST(:entity AS text), jsonb_build_object(CAST(:step AS text), CAST(:record AS jsonb)))
)
ON CONFLICT (account, run_id) DO UPDATE SET
    counts = jsonb_set(
        sync_runs.counts,
        ARRAY[:entity],
        coalesce(sync_runs.counts -> CAST(:entity AS text), '{}') || (excluded.counts -> CAST(:entity AS text))
    );
