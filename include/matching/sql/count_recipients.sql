-- What is published now, and what this publish changed. Grain: one row per owner field and status; of a row that went,
-- its last status counts.
SELECT
    owner_field,
    status,
    coalesce(published.rows, 0) AS rows,
    coalesce(changed.inserted, 0) AS inserted,
    coalesce(changed.updated, 0) AS updated,
    coalesce(changed.deleted, 0) AS deleted
FROM (
    SELECT
        owner_field,
        status,
        rows
    FROM matching.recipient_counts
    WHERE account = :account
) AS published
FULL JOIN (
    SELECT
        owner_field,
        status,
        count(*) FILTER (WHERE change = 'inserted') AS inserted,
        count(*) FILTER (WHERE change = 'updated') AS updated,
        count(*) FILTER (WHERE change = 'deleted') AS deleted
    FROM recipient_changes
    GROUP BY owner_field, status
) AS changed USING (owner_field, status)
ORDER BY owner_field, status;
