-- Rows whose column is neither T (true) nor F (false). Grain: one row per bad row.
SELECT
    row_number,
    checked_text
FROM checked
WHERE checked_text NOT IN ('T', 'F')
