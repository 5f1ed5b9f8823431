-- What the steps of runs counted, in the order in which they began.
-- Grain: one row per run, entity and step; of all runs that are asked for, or only of the steps that failed.
SELECT
    steps.run_id,
    runs.dag_id,
    steps.entity,
    steps.step,
    steps.state,
    steps.rows,
    steps.counts,
    round(
        extract(
            EPOCH FROM coalesce((steps.counts ->> 'finished_at')::timestamptz, now())
            - (steps.counts ->> 'started_at')::timestamptz
        ),
        1
    ) AS seconds
FROM ops.sync_steps AS steps
INNER JOIN ops.sync_runs AS runs USING (account, run_id)
WHERE runs.dag_id = ANY(:dags)
    AND steps.run_id = ANY(:runs)
    AND (NOT :only_failed OR steps.state = 'failed')
ORDER BY steps.counts ->> 'started_at', steps.entity, steps.step;
