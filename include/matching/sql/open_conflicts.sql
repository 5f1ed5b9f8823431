-- What waits for a person. Grain: one row per employee in conflict.
SELECT
    employee_id,
    kind,
    reason,
    user_id,
    evidence,
    evidence_hash,
    reopened_because
FROM publish.conflicts
WHERE account = :account
ORDER BY employee_id;
