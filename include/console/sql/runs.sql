-- The last runs, each with what its steps add up to.
-- Grain: one row per account and run, newest first; of each DAG no more than :most.
WITH last_runs AS (
    SELECT
        runs.*,
        row_number() OVER (PARTITION BY runs.dag_id ORDER BY runs.started_at DESC) AS place
    FROM ops.sync_runs AS runs
    WHERE runs.dag_id = ANY(:dags)
)

SELECT
    runs.account,
    runs.run_id,
    runs.dag_id,
    runs.state,
    runs.error,
    runs.cutoff_at,
    runs.started_at,
    extract(EPOCH FROM coalesce(runs.finished_at, now()) - runs.started_at)::bigint AS seconds,
    counted.rows_read,
    counted.rows_loaded,
    counted.quarantined,
    counted.requests,
    counted.seconds_waiting,
    retried.retries
FROM last_runs AS runs
CROSS JOIN LATERAL (
    SELECT
        sum(coalesce((steps.counts ->> 'read_again')::bigint, CASE WHEN steps.step = 'extract' THEN steps.rows END))
            AS rows_read,
        sum(steps.rows) FILTER (WHERE steps.entity <> 'run' AND steps.step IN ('load', 'repair')) AS rows_loaded,
        sum((steps.counts ->> 'quarantined')::bigint)
            FILTER (WHERE steps.entity <> 'run' AND steps.step IN ('load', 'repair')) AS quarantined,
        sum((steps.counts ->> 'requests')::bigint) AS requests,
        round(sum((steps.counts ->> 'seconds_waiting_for_netsuite')::numeric), 1) AS seconds_waiting
    FROM ops.sync_steps AS steps
    WHERE steps.account = runs.account AND steps.run_id = runs.run_id
) AS counted
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(by_reason.reason, by_reason.times), '{}') AS retries
    FROM (
        SELECT
            retry.key AS reason,
            sum(retry.value::bigint) AS times
        FROM ops.sync_steps AS steps
        CROSS JOIN LATERAL jsonb_each_text(steps.counts -> 'retries') AS retry
        WHERE steps.account = runs.account AND steps.run_id = runs.run_id
        GROUP BY retry.key
    ) AS by_reason
) AS retried
WHERE runs.place <= :most AND (CAST(:run_id AS text) IS NULL OR runs.run_id = :run_id)
ORDER BY runs.started_at DESC;
