-- How fresh and complete what is published is.
-- Grain: one row per account and published table.
SELECT
    freshness.*,
    runs.dag_id
FROM publish.freshness AS freshness
LEFT JOIN ops.sync_runs AS runs USING (account, run_id)
WHERE freshness.account = ANY(:accounts)
ORDER BY freshness.account, freshness.table_name;
