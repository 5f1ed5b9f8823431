-- Failed runs whose staging tables no retry asks for any more. Grain: one row per run.
-- A DAG's scheduled runs come one after the other, so an earlier one that failed is over. Runs of the account's other
-- DAGs, backfills and re-syncs are there at the same time: one that has failed just now may be about to be tried again.

SELECT failed.run_id
FROM ops.sync_runs AS failed
LEFT JOIN ops.sync_runs AS this_run
    ON this_run.account = failed.account AND this_run.run_id = :run_id
WHERE failed.account = :account
    AND failed.run_id <> :run_id
    AND failed.state = 'failed'
    AND (
        failed.finished_at < now() - interval '1 day'
        OR (failed.dag_id = this_run.dag_id AND failed.window_ends IS NULL)
    );
