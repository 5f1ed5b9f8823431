-- The first rows that break a rule, for people to look at. Grain: one row per bad row, at most ten.
SELECT
    row_number,
    left(checked_text, 60) AS checked_text
FROM ({breaking_rows}) AS breaking
ORDER BY row_number
LIMIT 10
