-- How fresh and how complete what is published is.
-- Grain: one row per published table.
SELECT
    freshness.table_name,
    to_char(freshness.complete_up_to, 'YYYY-MM-DD HH24:MI:SS "UTC"') AS complete_up_to,
    to_char(freshness.last_reconciled_at, 'YYYY-MM-DD HH24:MI:SS "UTC"') AS last_reconciled_at,
    freshness.open_differences,
    freshness.open_quarantine
FROM publish.freshness AS freshness
WHERE freshness.account = :account
ORDER BY freshness.table_name;
