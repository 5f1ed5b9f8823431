-- Sends the rows that break one rule to quarantine.
INSERT INTO {bad} (row_number, reason)
SELECT
    row_number,
    cast(:reason AS text)
FROM ({breaking_rows}) AS breaking
