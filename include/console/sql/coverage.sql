-- How fresh and complete what was read is, and what the last reconciliation found.
-- Grain: one row per account and entity.
SELECT
    coverage.*,
    last.lost,
    last.changed,
    last.deleted_silently,
    last.lost + last.changed + last.deleted_silently - last.repaired AS open_differences
FROM publish.coverage AS coverage
LEFT JOIN LATERAL (
    SELECT reconciliations.*
    FROM ops.reconciliations AS reconciliations
    WHERE reconciliations.account = coverage.account AND reconciliations.entity = coverage.entity
    ORDER BY reconciliations.compared_at DESC
    LIMIT 1
) AS last ON true
WHERE coverage.account = ANY(:accounts)
ORDER BY coverage.account, coverage.entity;
