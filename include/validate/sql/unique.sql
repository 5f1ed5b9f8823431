-- Rows that share their id with another row of the batch: no one can say which is right. Grain: one row per bad row.
SELECT
    row_number,
    checked_text
FROM (
    SELECT
        row_number,
        checked_text,
        count(*) OVER (PARTITION BY checked_number) AS copies
    FROM checked
    WHERE checked_number IS NOT NULL
) AS counted
WHERE copies > 1
