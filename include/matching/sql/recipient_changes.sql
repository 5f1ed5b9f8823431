-- Step 3 of publishing: in what the recipients differ from what is published.
-- Grain: one row per invoice and owner field whose row comes, changes or goes. status: after the change; of a row that
-- goes, the last one.
CREATE TEMP TABLE recipient_changes ON COMMIT DROP AS
SELECT
    invoice_id,
    owner_field,
    resolved.invoice_number,
    resolved.employee_id,
    resolved.user_id,
    resolved.email,
    coalesce(resolved.status, published.status) AS status,
    CASE
        WHEN published.status IS NULL THEN 'inserted'
        WHEN resolved.status IS NULL THEN 'deleted'
        ELSE 'updated'
    END AS change
FROM (
    SELECT
        owners.invoice_id,
        owners.owner_field,
        invoices.invoice_number,
        owners.employee_id,
        states.user_id,
        CASE WHEN states.status = 'ok' THEN states.email_address END AS email,
        CASE
            WHEN owners.employee_id IS NULL THEN 'owner_empty'
            ELSE coalesce(states.status, 'employee_not_found')
        END AS status
    FROM raw.invoice_owners AS owners
    INNER JOIN raw.invoices AS invoices
        ON owners.account = invoices.account AND owners.invoice_id = invoices.id
    LEFT JOIN owner_states AS states
        ON owners.employee_id = states.owner_id
    WHERE owners.account = :account AND invoices.account = :account AND invoices.deleted_at IS NULL
) AS resolved
FULL JOIN (
    SELECT *
    FROM publish.recipients
    WHERE account = :account
) AS published USING (invoice_id, owner_field)
WHERE (resolved.invoice_number, resolved.employee_id, resolved.user_id, resolved.email, resolved.status)
    IS DISTINCT FROM
    (published.invoice_number, published.employee_id, published.user_id, published.email, published.status);

ANALYZE recipient_changes;
