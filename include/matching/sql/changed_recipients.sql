-- Step 5 of publishing, when little has changed: what to resolve, and what to compare it with: all owner fields of the
-- invoices that changed, and of those of owners who changed. All other recipients would come out as they are, since
-- invoice, owner and the owner's state are the same as at the last publish.
-- Grain of owners_to_resolve and recipients_to_compare: one row per invoice and owner field.
-- An array of ids is looked up in one pass over the index; a join would read the whole table.
CREATE TEMP TABLE invoices_to_resolve ON COMMIT DROP AS
SELECT invoice_id
FROM changed_invoices
UNION
SELECT invoice_id
FROM raw.invoice_owners
WHERE account = :account
    AND employee_id = ANY(ARRAY(SELECT changed.owner_id FROM owner_changes AS changed WHERE changed.status_before IS NOT NULL));

CREATE TEMP TABLE live_invoices ON COMMIT DROP AS
SELECT
    id,
    invoice_number,
    coalesce(last_modified_at, created_at) AS modified_at
FROM raw.invoices
WHERE account = :account
    AND id = ANY(ARRAY(SELECT invoice_id FROM invoices_to_resolve))
    AND deleted_at IS NULL;

CREATE TEMP TABLE owners_found ON COMMIT DROP AS
SELECT
    invoice_id,
    owner_field,
    employee_id
FROM raw.invoice_owners
WHERE account = :account
    AND invoice_id = ANY(ARRAY(SELECT to_resolve.invoice_id FROM invoices_to_resolve AS to_resolve));

ANALYZE live_invoices, owners_found;

CREATE TEMP TABLE owners_to_resolve ON COMMIT DROP AS
SELECT
    owners.invoice_id,
    owners.owner_field,
    owners.employee_id,
    invoices.invoice_number,
    invoices.modified_at
FROM owners_found AS owners
INNER JOIN live_invoices AS invoices ON owners.invoice_id = invoices.id;

CREATE TEMP TABLE recipients_to_compare ON COMMIT DROP AS
SELECT *
FROM publish.recipients
WHERE account = :account
    AND invoice_id = ANY(ARRAY(SELECT to_resolve.invoice_id FROM invoices_to_resolve AS to_resolve));

ANALYZE owners_to_resolve, recipients_to_compare;
