-- Users with their role (O14) and their employee, or the reason why there is none (E6); a user whom no publish has seen yet
-- has none. Searched by a part of address or name; found: how many there are in all.
-- Grain: one row per user of the account, by address; no more than :limit, after the first :offset.
SELECT
    users.user_id,
    users.email,
    users.display_name,
    users.is_active,
    users.origin,
    users.created_at,
    users.role,
    users.role_changed_by,
    users.role_changed_at,
    mapping.netsuite_integrated IS TRUE AS netsuite_integrated,
    mapping.employee_id,
    mapping.rule,
    CASE WHEN mapping.user_id IS NULL THEN 'not_published' ELSE mapping.reason END AS reason,
    count(*) OVER () AS found
FROM workflow.users AS users
LEFT JOIN publish.user_mapping AS mapping
    ON mapping.account = :account AND users.user_id = mapping.user_id
WHERE users.account = :account
    AND (
        CAST(:netsuite_integrated AS boolean) IS NULL
        OR (mapping.netsuite_integrated IS TRUE) = CAST(:netsuite_integrated AS boolean)
    )
    AND strpos(lower(concat(users.email, ' ', users.display_name)), lower(:search)) > 0
ORDER BY lower(users.email), users.email, users.user_id
LIMIT :limit OFFSET :offset;
