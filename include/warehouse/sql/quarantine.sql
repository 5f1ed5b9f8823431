-- The bad rows of the batch into quarantine. Grain: one open row per account, entity and record.

-- Per record of the batch that has a bad row: every rule that it broke, and its (first) row as it was sent.
-- The id itself may be what is wrong; one that is a number is written as raw would hold it.
CREATE TEMPORARY TABLE bad_records ON COMMIT DROP AS
WITH bad AS (
    SELECT
        staged.row_number,
        staged.payload,
        staged_bad.reason,
        CASE
            WHEN length(staged.id) <= 40 AND staged.id ~ '^[0-9]+([.][0-9]*)?([eE][+]?[0-9]{1,2})?$'
                THEN CAST(trim_scale(CAST(staged.id AS numeric)) AS text)
            ELSE nullif(staged.id, '')
        END AS record_id
    FROM staged
    INNER JOIN staged_bad ON staged_bad.row_number = staged.row_number
)

SELECT
    record_id,
    (array_agg(payload ORDER BY row_number))[1] AS payload,
    array_agg(DISTINCT reason ORDER BY reason) AS reasons
FROM bad
GROUP BY record_id, CASE WHEN record_id IS NULL THEN md5(CAST(payload AS text)) END;

INSERT INTO quarantine.rows (account, entity, record_id, run_id, reasons, payload)
SELECT
    :account,
    :entity,
    record_id,
    :run_id,
    reasons,
    payload
FROM bad_records
ON CONFLICT (account, entity, coalesce(record_id, md5(payload::text))) WHERE resolved_at IS NULL DO UPDATE SET
    run_id = excluded.run_id,
    reasons = excluded.reasons,
    payload = excluded.payload
WHERE (rows.reasons, rows.payload) IS DISTINCT FROM (excluded.reasons, excluded.payload)
    AND rows.run_id NOT IN (SELECT run_id FROM ops.sync_runs WHERE account = :account AND cutoff_at > :cutoff_at);
