-- What is published and who is there before the rehearsal publishes. Grain: as the tables that are copied.
CREATE TEMP TABLE recipients_before ON COMMIT DROP AS
SELECT
    invoice_id,
    owner_field,
    invoice_number,
    employee_id,
    user_id,
    email,
    status
FROM publish.recipients
WHERE account = :account;

CREATE TEMP TABLE users_before ON COMMIT DROP AS
SELECT
    user_id,
    email,
    display_name,
    netsuite_employee_id
FROM workflow.users
WHERE account = :account;

ANALYZE recipients_before, users_before;
