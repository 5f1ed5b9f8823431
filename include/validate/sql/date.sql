-- Rows whose column is no day of the calendar, written YYYY-MM-DD. Grain: one row per bad row.
SELECT
    row_number,
    checked_text
FROM checked
WHERE
    checked_text IS NOT NULL
    AND NOT (starts_with_day AND length(checked_text) = 10)
