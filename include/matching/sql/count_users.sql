-- Users with an employee and without ("Not mapped with NetSuite", E5), counted as users_of_account.sql lists them.
-- Grain: one row.
SELECT
    count(*) AS users,
    count(*) FILTER (WHERE mapping.netsuite_integrated) AS mapped,
    count(*) FILTER (WHERE mapping.netsuite_integrated IS NOT TRUE) AS not_mapped,
    count(*) FILTER (WHERE mapping.reason = 'conflict') AS in_conflict
FROM workflow.users AS users
LEFT JOIN publish.user_mapping AS mapping
    ON mapping.account = :account AND users.user_id = mapping.user_id
WHERE users.account = :account;
