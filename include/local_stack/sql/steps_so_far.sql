-- What a run has done so far, in the order in which its steps began.
-- Grain: one row per entity and step.
SELECT
    steps.entity,
    steps.step,
    steps.state,
    steps.rows
FROM ops.sync_steps AS steps
WHERE steps.account = :account AND steps.run_id = :run_id
ORDER BY steps.counts ->> 'started_at', steps.entity, steps.step;
