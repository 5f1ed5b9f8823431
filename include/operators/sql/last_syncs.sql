-- From when what is published of an account dates, and how its last sync went. Grain: one row.
-- Reconciliations publish too, but what they publish was read by the syncs.
SELECT
    (
        SELECT max(cutoff_at)
        FROM ops.sync_runs
        WHERE account = :account AND dag_id = :dag_id AND state = 'success'
    ) AS published_up_to,
    (
        SELECT max(finished_at)
        FROM ops.sync_runs
        WHERE account = :account AND dag_id = :dag_id AND state = 'success'
    ) AS published_at,
    last_run.run_id,
    last_run.state,
    last_run.started_at,
    last_run.error,
    now() AS now
FROM (SELECT true) AS always
LEFT JOIN LATERAL (
    SELECT run_id, state, started_at, error
    FROM ops.sync_runs
    WHERE account = :account AND dag_id = :dag_id
    ORDER BY started_at DESC, run_id DESC
    LIMIT 1
) AS last_run ON true;
