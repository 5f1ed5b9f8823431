-- Deletions that name the same record twice. Invoices and entities have ids of their own, so an id alone may repeat.
-- Grain: one row per bad row.
SELECT
    row_number,
    checked_text
FROM (
    SELECT
        row_number,
        checked_text,
        count(*) OVER (PARTITION BY lower(record_type), checked_number) AS copies
    FROM checked
    WHERE checked_number IS NOT NULL
) AS counted
WHERE copies > 1
