-- Step 5 of publishing, when all is resolved anew: what to resolve, and what to compare it with.
-- Grain of both views: one row per invoice and owner field.
CREATE TEMP VIEW owners_to_resolve AS
SELECT
    owners.invoice_id,
    owners.owner_field,
    owners.employee_id,
    owners.reason,
    invoices.invoice_number,
    coalesce(invoices.last_modified_at, invoices.created_at) AS modified_at
FROM raw.invoice_owners AS owners
INNER JOIN raw.invoices AS invoices
    ON invoices.account = :account AND owners.invoice_id = invoices.id
WHERE owners.account = :account AND invoices.deleted_at IS NULL;

CREATE TEMP VIEW recipients_to_compare AS
SELECT *
FROM publish.recipients
WHERE account = :account;
