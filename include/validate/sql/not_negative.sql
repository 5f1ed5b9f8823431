-- Rows whose column is a number below zero. Grain: one row per row found.
SELECT
    row_number,
    checked_text
FROM checked
WHERE checked_number < 0
