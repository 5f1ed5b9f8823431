-- What a run read of an entity, into the coverage ledger. Grain: one row per account, entity and run.
-- Loaded again, the run's row gets the last load's counts; its window stays, as the fence fixed it.

INSERT INTO ops.extraction_windows (
    account,
    entity,
    run_id,
    window_from,
    window_to,
    read_from,
    rows_read,
    rows_loaded,
    rows_quarantined
)
SELECT
    account,
    :entity,
    run_id,
    -- A run that passed its fence before the windows were kept counts with all that it read.
    CAST(coalesce(covers_from, windows) ->> CAST(:entity AS text) AS timestamptz),
    cutoff_at,
    CAST(windows ->> CAST(:entity AS text) AS timestamptz),
    :rows_loaded + :rows_quarantined,
    :rows_loaded,
    :rows_quarantined
FROM ops.sync_runs
WHERE account = :account
    AND run_id = :run_id
ON CONFLICT (account, entity, run_id) DO UPDATE SET
    rows_read = excluded.rows_read,
    rows_loaded = excluded.rows_loaded,
    rows_quarantined = excluded.rows_quarantined,
    recorded_at = now();
