-- Rows whose column can't be NetSuite's internal id: whole, positive, within bigint. NetSuite may write 11000000 as 1.1E7.
-- Grain: one row per bad row.
SELECT
    row_number,
    checked_text
FROM checked
WHERE
    checked_text IS NOT NULL
    AND (
        checked_number IS NULL
        OR checked_number <> trunc(checked_number)
        OR checked_number NOT BETWEEN 1 AND 9223372036854775807
    )
