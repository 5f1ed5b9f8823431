-- Last step of publishing: how far each entity had been read in the snapshot that is published.
-- Grain of what is returned: one row per entity, with what its last reconciliation found (null: never compared).
INSERT INTO ops.publications AS publications (account, entity, complete_up_to, run_id)
SELECT
    watermarks.account,
    watermarks.entity,
    watermarks.read_up_to,
    :run_id
FROM ops.watermarks AS watermarks
WHERE watermarks.account = :account
ON CONFLICT (account, entity) DO UPDATE SET
    complete_up_to = excluded.complete_up_to,
    run_id = excluded.run_id,
    published_at = excluded.published_at;

SELECT
    publications.entity,
    publications.complete_up_to AS covered_up_to,
    last.compared_at AS last_reconciled_at,
    last.lost + last.changed + last.deleted_silently AS differences,
    last.lost + last.changed + last.deleted_silently - last.repaired AS open_differences
FROM ops.publications AS publications
LEFT JOIN LATERAL (
    SELECT reconciliations.*
    FROM ops.reconciliations AS reconciliations
    WHERE reconciliations.account = publications.account AND reconciliations.entity = publications.entity
    ORDER BY reconciliations.compared_at DESC
    LIMIT 1
) AS last ON true
WHERE publications.account = :account
ORDER BY publications.entity;
