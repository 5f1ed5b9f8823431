-- Step 9 of publishing, when little has changed: count what came and what went. Grain: one row per owner field and status.
INSERT INTO matching.recipient_counts AS counts (account, owner_field, status, rows)
SELECT
    :account,
    owner_field,
    status,
    sum(difference)
FROM (
    SELECT owner_field, status, 1 AS difference FROM recipient_changes WHERE change <> 'deleted'
    UNION ALL
    SELECT owner_field, status_before, -1 FROM recipient_changes WHERE change <> 'inserted'
) AS differences
GROUP BY owner_field, status
ON CONFLICT (account, owner_field, status) DO UPDATE SET
    rows = counts.rows + excluded.rows;

DELETE FROM matching.recipient_counts
WHERE account = :account AND rows = 0;
