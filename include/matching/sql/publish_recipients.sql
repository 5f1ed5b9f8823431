-- Step 8 of publishing: apply recipient_changes; every other row stays untouched, with its run_id and resolved_at.
DELETE FROM publish.recipients AS recipients
USING recipient_changes AS changes
WHERE changes.change = 'deleted'
    AND recipients.account = :account
    AND recipients.invoice_id = changes.invoice_id
    AND recipients.owner_field = changes.owner_field;

UPDATE publish.recipients AS recipients
SET
    invoice_number = changes.invoice_number,
    employee_id = changes.employee_id,
    user_id = changes.user_id,
    email = changes.email,
    status = changes.status,
    run_id = :run_id,
    resolved_at = :published_at,
    owner_valid_from = CASE WHEN changes.owner_changed THEN changes.valid_from ELSE recipients.owner_valid_from END,
    owner_known_from = CASE WHEN changes.owner_changed THEN :published_at ELSE recipients.owner_known_from END
FROM recipient_changes AS changes
WHERE changes.change = 'updated'
    AND recipients.account = :account
    AND recipients.invoice_id = changes.invoice_id
    AND recipients.owner_field = changes.owner_field;

INSERT INTO publish.recipients (
    account, invoice_id, owner_field, invoice_number, employee_id, user_id, email, status, run_id, resolved_at,
    owner_valid_from, owner_known_from
)
SELECT
    :account,
    invoice_id,
    owner_field,
    invoice_number,
    employee_id,
    user_id,
    email,
    status,
    :run_id,
    :published_at,
    valid_from,
    :published_at
FROM recipient_changes
WHERE change = 'inserted';
