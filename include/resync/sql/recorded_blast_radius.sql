-- The blast radius of a run, the most rows first. Grain: one row per kind of change.
SELECT
    subject,
    change,
    owner_field,
    status_before,
    status_after,
    rows,
    examples
FROM ops.blast_radius
WHERE account = :account AND run_id = :run_id
ORDER BY subject, rows DESC, change, owner_field, status_before, status_after;
