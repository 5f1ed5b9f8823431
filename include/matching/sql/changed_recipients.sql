-- Step 5 of publishing, when little has changed: what to resolve, and what to compare it with. All other recipients would
-- come out as they are, since invoice, owner and the owner's state are the same as at the last publish.
-- Grain of both tables: one row per invoice and owner field.
-- OFFSET 0 makes each subquery one look into an index per row; a join of its own choice would read the whole table.
CREATE TEMP TABLE owners_to_resolve ON COMMIT DROP AS
SELECT
    owners.invoice_id,
    owners.owner_field,
    owners.employee_id,
    invoices.invoice_number,
    invoices.modified_at
FROM (
    SELECT owners.*
    FROM changed_invoices AS changed
    CROSS JOIN LATERAL (
        SELECT
            invoice_id,
            owner_field,
            employee_id
        FROM raw.invoice_owners
        WHERE account = :account AND invoice_id = changed.invoice_id
        OFFSET 0
    ) AS owners
    UNION
    SELECT owners.*
    FROM owner_changes AS changed
    CROSS JOIN LATERAL (
        SELECT
            invoice_id,
            owner_field,
            employee_id
        FROM raw.invoice_owners
        WHERE account = :account AND employee_id = changed.owner_id
        OFFSET 0
    ) AS owners
    WHERE changed.status_before IS NOT NULL
) AS owners
CROSS JOIN LATERAL (
    SELECT
        invoice_number,
        coalesce(last_modified_at, created_at) AS modified_at
    FROM raw.invoices
    WHERE account = :account AND id = owners.invoice_id AND deleted_at IS NULL
    OFFSET 0
) AS invoices;

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
WHERE owners.invoice_id NOT IN (SELECT changed.invoice_id FROM changed_invoices AS changed);

ANALYZE recipients_to_compare;
