-- Rows that lack the column. Grain: one row per bad row.
SELECT
    row_number,
    checked_text
FROM checked
WHERE checked_text IS NULL
