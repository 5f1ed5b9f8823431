-- Step 5 of publishing, when little has changed: what to resolve, and what to compare it with. All other recipients would
-- come out as they are, since invoice, owner and the owner's state are the same as at the last publish.
-- Grain of both tables: one row per invoice and owner field.
CREATE TEMP TABLE owners_to_resolve ON COMMIT DROP AS
SELECT
    owners.invoice_id,
    owners.owner_field,
    owners.employee_id
FROM changed_invoices AS changed
INNER JOIN raw.invoice_owners AS owners
    ON owners.account = :account AND changed.invoice_id = owners.invoice_id
UNION
SELECT
    owners.invoice_id,
    owners.owner_field,
    owners.employee_id
FROM owner_changes AS changed
INNER JOIN raw.invoice_owners AS owners
    ON owners.account = :account AND changed.owner_id = owners.employee_id
WHERE changed.status_before IS NOT NULL;

ANALYZE owners_to_resolve;

CREATE TEMP TABLE recipients_to_compare ON COMMIT DROP AS
SELECT recipients.*
FROM (
    SELECT
        owners.invoice_id,
        owners.owner_field
    FROM owners_to_resolve AS owners
    UNION
    SELECT
        recipients.invoice_id,
        recipients.owner_field
    FROM changed_invoices AS changed
    INNER JOIN publish.recipients AS recipients
        ON recipients.account = :account AND changed.invoice_id = recipients.invoice_id
) AS keys
INNER JOIN publish.recipients AS recipients
    ON recipients.account = :account
    AND keys.invoice_id = recipients.invoice_id
    AND keys.owner_field = recipients.owner_field;

ANALYZE recipients_to_compare;
