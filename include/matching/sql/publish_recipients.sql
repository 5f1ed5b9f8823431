-- Step 4 of publishing: apply recipient_changes; every other row stays untouched, with its run_id and resolved_at.
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
    resolved_at = now()
FROM recipient_changes AS changes
WHERE changes.change = 'updated'
    AND recipients.account = :account
    AND recipients.invoice_id = changes.invoice_id
    AND recipients.owner_field = changes.owner_field;

INSERT INTO publish.recipients (
    account, invoice_id, owner_field, invoice_number, employee_id, user_id, email, status, run_id, resolved_at
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
    now()
FROM recipient_changes
WHERE change = 'inserted';

-- What is published now, and what changed, per owner field and status.
SELECT
    owner_field,
    status,
    coalesce(published.rows, 0) AS rows,
    coalesce(changed.inserted, 0) AS inserted,
    coalesce(changed.updated, 0) AS updated,
    coalesce(changed.deleted, 0) AS deleted
FROM (
    SELECT
        owner_field,
        status,
        count(*) AS rows
    FROM publish.recipients
    WHERE account = :account
    GROUP BY owner_field, status
) AS published
FULL JOIN (
    SELECT
        owner_field,
        status,
        count(*) FILTER (WHERE change = 'inserted') AS inserted,
        count(*) FILTER (WHERE change = 'updated') AS updated,
        count(*) FILTER (WHERE change = 'deleted') AS deleted
    FROM recipient_changes
    GROUP BY owner_field, status
) AS changed USING (owner_field, status)
ORDER BY owner_field, status;
