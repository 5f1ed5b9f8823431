-- What NetSuite reports deleted, onto the rows of raw. Grain: one row per account and internal id.
-- Records that raw never held are passed over; a later time is never put back.

UPDATE raw.invoices AS loaded
SET
    deleted_at = reported.deleted_at,
    run_id = :run_id
FROM reported_deletions AS reported
WHERE loaded.account = :account
    AND loaded.id = reported.id
    AND reported.entity = 'invoices'
    AND coalesce(reported.deleted_at > loaded.deleted_at, true);

UPDATE raw.employees AS loaded
SET
    deleted_at = reported.deleted_at,
    run_id = :run_id
FROM reported_deletions AS reported
WHERE loaded.account = :account
    AND loaded.id = reported.id
    AND reported.entity = 'employees'
    AND coalesce(reported.deleted_at > loaded.deleted_at, true);

UPDATE raw.customers AS loaded
SET
    deleted_at = reported.deleted_at,
    run_id = :run_id
FROM reported_deletions AS reported
WHERE loaded.account = :account
    AND loaded.id = reported.id
    AND reported.entity = 'customers'
    AND coalesce(reported.deleted_at > loaded.deleted_at, true);
