-- Step 5 of publishing, when little has changed: what to resolve, and what to compare it with. All other recipients would
-- come out as they are, since invoice, owner and the owner's state are the same as at the last publish.
-- Grain of both tables: one row per invoice and owner field.
-- OFFSET 0 makes each subquery one look into an index per row; a join of its own choice would read the whole table.
CREATE TEMP TABLE owners_to_resolve ON COMMIT DROP AS
SELECT owners.*
FROM changed_invoices AS changed
CROSS JOIN LATERAL (
    SELECT
        owners.invoice_id,
        owners.owner_field,
        owners.employee_id,
        invoices.invoice_number,
        coalesce(invoices.last_modified_at, invoices.created_at) AS modified_at
    FROM raw.invoices AS invoices
    INNER JOIN raw.invoice_owners AS owners
        ON owners.account = :account AND invoices.id = owners.invoice_id
    WHERE invoices.account = :account AND invoices.id = changed.invoice_id AND invoices.deleted_at IS NULL
    OFFSET 0
) AS owners
UNION ALL
SELECT owners.*
FROM owner_changes AS changed
CROSS JOIN LATERAL (
    SELECT
        owners.invoice_id,
        owners.owner_field,
        owners.employee_id,
        invoices.invoice_number,
        coalesce(invoices.last_modified_at, invoices.created_at) AS modified_at
    FROM raw.invoice_owners AS owners
    INNER JOIN raw.invoices AS invoices
        ON invoices.account = :account AND owners.invoice_id = invoices.id
    WHERE owners.account = :account AND owners.employee_id = changed.owner_id AND invoices.deleted_at IS NULL
    OFFSET 0
) AS owners
WHERE changed.status_before IS NOT NULL
    AND owners.invoice_id NOT IN (SELECT noted.invoice_id FROM changed_invoices AS noted);

ANALYZE owners_to_resolve;

CREATE TEMP TABLE recipients_to_compare ON COMMIT DROP AS
SELECT recipients.*
FROM changed_invoices AS changed
CROSS JOIN LATERAL (
    SELECT *
    FROM publish.recipients
    WHERE account = :account AND invoice_id = changed.invoice_id
    OFFSET 0
) AS recipients
UNION ALL
SELECT recipients.*
FROM owners_to_resolve AS owners
CROSS JOIN LATERAL (
    SELECT *
    FROM publish.recipients
    WHERE account = :account AND invoice_id = owners.invoice_id AND owner_field = owners.owner_field
    OFFSET 0
) AS recipients
WHERE owners.invoice_id NOT IN (SELECT noted.invoice_id FROM changed_invoices AS noted);

ANALYZE recipients_to_compare;
