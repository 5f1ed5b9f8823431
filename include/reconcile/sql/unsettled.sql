-- Differences that are still there, to be looked at by a person. Grain: one row per record.
-- A record that went meanwhile, or whose row waits in quarantine now, is settled.

SELECT
    differences.id,
    differences.kind
FROM differences
LEFT JOIN loaded ON loaded.account = :account AND loaded.id = differences.id
WHERE differences.kind IN ('lost', 'changed')
    AND differences.id = ANY(CAST(:read_again AS bigint[]))
    AND (
        loaded.id IS NULL
        OR loaded.deleted_at < :cutoff_at
        OR (
            loaded.last_modified_at IS DISTINCT FROM differences.netsuite_modified_at
            AND coalesce(loaded.last_modified_at < :cutoff_at, true)
            AND loaded.run_id <> :run_id
        )
    )
    AND NOT EXISTS (
        SELECT FROM quarantine.rows
        WHERE rows.account = :account
            AND rows.entity = :entity
            AND rows.record_id = CAST(differences.id AS text)
            AND rows.resolved_at IS NULL
    )
ORDER BY differences.id;
