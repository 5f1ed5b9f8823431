-- Step 11 and last of publishing: the change log, since other publishes wait for its positions from here on.
-- Grain: one row per row of recipient_changes.
INSERT INTO publish.recipient_changes (
    account, invoice_id, owner_field, change, cause, invoice_number, status_before, status_after,
    employee_id_before, employee_id_after, user_id_before, user_id_after, email_before, email_after, run_id, published_at
)
SELECT
    :account,
    invoice_id,
    owner_field,
    change,
    cause,
    coalesce(invoice_number, invoice_number_before),
    status_before,
    CASE WHEN change <> 'deleted' THEN status END,
    employee_id_before,
    employee_id,
    user_id_before,
    user_id,
    email_before,
    email,
    :run_id,
    :published_at
FROM recipient_changes;

INSERT INTO ops.publishes (account, published_at, run_id, rebuilt, team_choice, least_contribution)
SELECT
    :account,
    :published_at,
    :run_id,
    :rebuilt,
    max(choice),
    max(least_contribution)
FROM ops.team_selling
WHERE account = :account;
