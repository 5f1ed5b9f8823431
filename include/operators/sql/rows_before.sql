-- How many rows of an entity a full read should find again. Grain: one figure.
-- {table} is the entity's table in raw. Those that are live there, or those of the last load, if it had fewer.
SELECT
    least(
        (SELECT count(*) FROM {table} WHERE account = :account AND deleted_at IS NULL),
        (
            SELECT (loaded ->> 'rows')::bigint + (loaded ->> 'quarantined')::bigint
            FROM ops.sync_runs
            CROSS JOIN LATERAL (SELECT counts -> CAST(:entity AS text) -> 'load' AS loaded) AS steps
            WHERE account = :account AND run_id <> :run_id AND loaded ->> 'state' = 'success'
                -- A re-sync may have read a few records only.
                AND dag_id NOT LIKE 'netsuite\_resync\_\_%'
            ORDER BY started_at DESC
            LIMIT 1
        )
    ) AS rows_before;
