-- Rows that hold an e-mail address without a match key: the key is computed in Python, for valid addresses only.
-- Grain: one row per bad row.
SELECT
    row_number,
    checked_text
FROM checked
WHERE
    btrim(checked_text, E' \t\r\n') <> ''
    AND email_key IS NULL
