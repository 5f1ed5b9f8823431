-- How many rows hold the column. Grain: one row.
SELECT count(checked_text) AS filled
FROM checked
