-- Rows that are in quarantine now, from this run or an earlier one.
-- Grain: one row per entity and reason.
SELECT
    rows.entity,
    reason.text AS reason,
    count(*) AS rows
FROM quarantine.rows AS rows
CROSS JOIN LATERAL unnest(rows.reasons) AS reason (text)
WHERE rows.account = :account AND rows.resolved_at IS NULL
GROUP BY rows.entity, reason.text
ORDER BY rows.entity, reason.text;
