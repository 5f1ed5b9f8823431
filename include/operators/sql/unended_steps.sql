-- The steps of a run that began and never said how they ended. Grain: one row per step, as Airflow names it.
SELECT CASE WHEN entity = 'run' THEN step ELSE entity || '.' || step END AS task_id
FROM ops.sync_steps
WHERE account = :account AND run_id = :run_id AND state = 'running'
ORDER BY task_id;
