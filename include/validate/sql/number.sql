-- Rows whose column is no number. Forms such as 1.1E7, -0.5 and .5 are numbers. Grain: one row per bad row.
SELECT
    row_number,
    checked_text
FROM checked
WHERE
    checked_text IS NOT NULL
    AND checked_number IS NULL
