-- Step 1 of matching: who is considered at all.
-- Grain: one row per employee that at least one live (not deleted) invoice of the account names in an owner field (O6).
-- is_active: neither inactive nor deleted in NetSuite. display_name: first and last name, else the entity id, text as
-- in the record. linked_user_id: the user that holds this employee's id.
CREATE TEMP TABLE named_employees ON COMMIT DROP AS
SELECT
    employees.id AS employee_id,
    employees.email_address,
    employees.email_key,
    users.user_id AS linked_user_id,
    employees.deleted_at IS NOT NULL AS is_deleted,
    employees.deleted_at IS NULL AND employees.is_inactive IS NOT TRUE AS is_active,
    coalesce(btrim(employees.email, :trimmed), '') = '' AS email_is_missing,
    coalesce(
        nullif(
            concat_ws(
                ' ',
                CASE WHEN btrim(employees.first_name, :trimmed) <> '' THEN employees.first_name END,
                CASE WHEN btrim(employees.last_name, :trimmed) <> '' THEN employees.last_name END
            ),
            ''
        ),
        employees.entity_id
    ) AS display_name
FROM raw.employees AS employees
LEFT JOIN workflow.users AS users
    ON users.account = :account AND employees.id = users.netsuite_employee_id
-- LIMIT makes it one look into the index per employee; a semi-join would read the owners of every invoice.
CROSS JOIN LATERAL (
    SELECT
    FROM raw.invoice_owners AS owners
    INNER JOIN raw.invoices AS invoices
        ON owners.account = invoices.account AND owners.invoice_id = invoices.id
    WHERE owners.account = :account
        AND owners.employee_id = employees.id
        AND invoices.deleted_at IS NULL
    LIMIT 1
) AS named
WHERE employees.account = :account;

ANALYZE named_employees;
