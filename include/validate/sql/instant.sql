-- Rows whose column is no instant in UTC, to the second: a day, T, the time of day, Z. Grain: one row per bad row.
SELECT
    row_number,
    checked_text
FROM checked
WHERE
    checked_text IS NOT NULL
    AND NOT (starts_with_day AND substr(checked_text, 11) ~ '^T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$')
