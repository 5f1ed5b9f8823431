-- Step 5 of publishing, when little has changed: what to resolve, and what to compare it with: all owner fields of the
-- invoices that changed, and the recipients of the owners that changed. All others would come out as they are, since
-- invoice, owner and the owner's state are the same as at the last publish. For the same reason the recipients of an
-- owner that changed are known from what is published, unless their invoice changed too.
-- Grain of owners_to_resolve and recipients_to_compare: one row per invoice and owner field.
-- An array of ids is looked up in one pass over the index; a join would read the whole table.
CREATE TEMP TABLE live_invoices ON COMMIT DROP AS
SELECT
    id,
    invoice_number,
    coalesce(last_modified_at, created_at) AS modified_at
FROM raw.invoices
WHERE account = :account
    AND id = ANY(ARRAY(SELECT changed.invoice_id FROM changed_invoices AS changed))
    AND deleted_at IS NULL;

CREATE TEMP TABLE owners_of_invoices ON COMMIT DROP AS
SELECT
    invoice_id,
    owner_field,
    employee_id,
    reason
FROM raw.invoice_owners
WHERE account = :account
    AND invoice_id = ANY(ARRAY(SELECT changed.invoice_id FROM changed_invoices AS changed));

CREATE TEMP TABLE recipients_of_owners ON COMMIT DROP AS
SELECT *
FROM publish.recipients
WHERE account = :account
    AND employee_id = ANY(ARRAY(SELECT owners.owner_id FROM owner_changes AS owners WHERE owners.status_before IS NOT NULL))
    AND invoice_id NOT IN (SELECT changed.invoice_id FROM changed_invoices AS changed);

ANALYZE live_invoices, owners_of_invoices;

CREATE TEMP TABLE owners_to_resolve ON COMMIT DROP AS
SELECT
    owners.invoice_id,
    owners.owner_field,
    owners.employee_id,
    owners.reason,
    invoices.invoice_number,
    invoices.modified_at
FROM owners_of_invoices AS owners
INNER JOIN live_invoices AS invoices ON owners.invoice_id = invoices.id
UNION ALL
SELECT
    invoice_id,
    owner_field,
    employee_id,
    CAST(NULL AS text) AS reason,
    invoice_number,
    CAST(NULL AS timestamptz) AS modified_at
FROM recipients_of_owners;

CREATE TEMP TABLE recipients_to_compare ON COMMIT DROP AS
SELECT *
FROM publish.recipients
WHERE account = :account
    AND invoice_id = ANY(ARRAY(SELECT changed.invoice_id FROM changed_invoices AS changed))
UNION ALL
SELECT *
FROM recipients_of_owners;

ANALYZE owners_to_resolve, recipients_to_compare;
