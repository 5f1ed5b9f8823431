-- Step 5 of publishing, when all is resolved anew: what to resolve, and what to compare it with.
-- Grain of both views: one row per invoice and owner field.
CREATE TEMP VIEW owners_to_resolve AS
SELECT
    invoice_id,
    owner_field,
    employee_id
FROM raw.invoice_owners
WHERE account = :account;

CREATE TEMP VIEW recipients_to_compare AS
SELECT *
FROM publish.recipients
WHERE account = :account;
