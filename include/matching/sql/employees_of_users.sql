-- Step 1b of matching, in user mode match_only: every existing user is matched (E3), so that the employees who have a
-- user's address, or are linked to a user, are considered too, named by an invoice or not. Grain: as named_employees.
INSERT INTO named_employees (
    employee_id, email_address, email_key, linked_user_id, is_deleted, is_active, email_is_missing, display_name
)
SELECT
    employees.id,
    employees.email_address,
    employees.email_key,
    linked.user_id,
    employees.deleted_at IS NOT NULL,
    employees.deleted_at IS NULL AND employees.is_inactive IS NOT TRUE,
    coalesce(btrim(employees.email, :trimmed), '') = '',
    coalesce(
        nullif(btrim(concat_ws(' ', employees.first_name, employees.last_name), :trimmed), ''),
        employees.entity_id
    )
FROM raw.employees AS employees
LEFT JOIN workflow.users AS linked
    ON linked.account = :account AND employees.id = linked.netsuite_employee_id
WHERE employees.account = :account
    AND (
        linked.user_id IS NOT NULL
        OR employees.email_key IN (
            SELECT keys.email_key
            FROM workflow.users AS users
            INNER JOIN ops.user_email_keys AS keys ON users.user_id = keys.user_id
            WHERE users.account = :account AND keys.email_key IS NOT NULL
        )
    )
    AND NOT EXISTS (SELECT FROM named_employees AS named WHERE named.employee_id = employees.id);

ANALYZE named_employees;
