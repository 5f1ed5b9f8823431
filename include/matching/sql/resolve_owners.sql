-- Step 2 of publishing: what each owner id resolves to, once for all invoices that name it.
-- Grain: one row per id that is an employee, or that was looked up because it is none.
-- The checks stand in the order of the contract; the first that fails is the status. An id that is not here at all, and
-- one that NetSuite calls an employee without showing its record, is employee_not_found.
-- email: the address of the user (O10), in the text of the employee's record where both have one match key. Else, as after
-- a verdict or in match only, it is the user's own, trimmed, which must be valid too: is_users_own.
-- modified_at, deleted_at: of the employee's record, or when the id was looked up. user_created_at, user_updated_at: of
-- the user.
CREATE TEMP TABLE owner_states_now ON COMMIT DROP AS
SELECT
    resolved.owner_id,
    resolved.is_employee,
    resolved.status,
    resolved.user_id,
    CASE WHEN resolved.status = 'ok' THEN resolved.email_address END AS email,
    resolved.is_users_own,
    resolved.modified_at,
    resolved.deleted_at,
    resolved.user_created_at,
    resolved.user_updated_at
FROM (
    SELECT
        employees.id AS owner_id,
        true AS is_employee,
        CASE
            WHEN employees.deleted_at IS NOT NULL THEN 'employee_deleted'
            WHEN employees.is_inactive THEN 'employee_inactive'
            WHEN coalesce(btrim(employees.email, :trimmed), '') = '' THEN 'email_missing'
            WHEN employees.email_address IS NULL OR (users.user_id IS NOT NULL AND keys.email_key IS NULL)
                THEN 'email_invalid'
            WHEN matches.verdict = 'conflict' THEN 'conflict'
            WHEN users.user_id IS NULL THEN 'no_user'
            WHEN NOT users.is_active THEN 'user_inactive'
            ELSE 'ok'
        END AS status,
        users.user_id,
        CASE WHEN keys.email_key = employees.email_key THEN employees.email_address ELSE btrim(users.email, :trimmed) END
            AS email_address,
        users.user_id IS NOT NULL AND keys.email_key IS DISTINCT FROM employees.email_key AS is_users_own,
        employees.last_modified_at AS modified_at,
        employees.deleted_at,
        users.created_at AS user_created_at,
        users.updated_at AS user_updated_at
    FROM raw.employees AS employees
    LEFT JOIN matching.employee_matches AS matches
        ON matches.account = :account AND employees.id = matches.employee_id
    LEFT JOIN workflow.users AS users
        ON users.account = :account AND employees.id = users.netsuite_employee_id
    LEFT JOIN ops.user_email_keys AS keys
        ON users.user_id = keys.user_id
    WHERE employees.account = :account
    UNION ALL
    SELECT
        lookups.owner_id,
        false AS is_employee,
        CASE lookups.found_as
            WHEN 'deleted_employee' THEN 'employee_deleted'
            WHEN 'other_entity' THEN 'not_an_employee'
            ELSE 'employee_not_found'
        END AS status,
        NULL AS user_id,
        NULL AS email_address,
        false AS is_users_own,
        lookups.looked_up_at AS modified_at,
        NULL AS deleted_at,
        NULL AS user_created_at,
        NULL AS user_updated_at
    FROM raw.owner_lookups AS lookups
    WHERE lookups.account = :account
        AND NOT EXISTS (
            SELECT FROM raw.employees AS employees
            WHERE employees.account = :account AND employees.id = lookups.owner_id
        )
) AS resolved;

ANALYZE owner_states_now;
