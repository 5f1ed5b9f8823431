-- Ids in owner fields of live invoices that are no employee in raw.employees. Grain: one row per id.
SELECT DISTINCT owners.employee_id AS owner_id
FROM raw.invoice_owners AS owners
INNER JOIN raw.invoices AS invoices
    ON owners.account = invoices.account AND owners.invoice_id = invoices.id
LEFT JOIN raw.employees AS employees
    ON owners.account = employees.account AND owners.employee_id = employees.id
WHERE owners.account = :account
    AND owners.employee_id IS NOT NULL
    AND employees.id IS NULL
    AND invoices.deleted_at IS NULL
ORDER BY owners.employee_id;
