-- Users whose address changed since its match key was computed, and new ones. Grain: one row per user.
SELECT
    users.user_id,
    users.email
FROM workflow.users AS users
LEFT JOIN ops.user_email_keys AS keys ON users.user_id = keys.user_id
WHERE users.account = :account AND users.email IS DISTINCT FROM keys.email;
