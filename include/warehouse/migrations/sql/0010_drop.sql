-- Takes back what 0010 created. What it replaced is made again here and by the files of 0007; comments stay as they are.

-- The next publish resolves these accounts anew.
INSERT INTO matching.changed_invoices (account)
SELECT account FROM ops.team_selling;

DELETE FROM raw.invoice_owners WHERE owner_field LIKE 'salesrep:%';
DELETE FROM publish.recipients WHERE owner_field LIKE 'salesrep:%';
DELETE FROM matching.past_owners WHERE owner_field LIKE 'salesrep:%';
UPDATE publish.recipients SET status = 'owner_empty' WHERE status IN ('team_without_primary', 'team_below_contribution');

DROP VIEW publish.employee_explain;
DROP VIEW publish.recipient_explain;
DROP FUNCTION publish.template_recipients(text, text [], text [], bigint []);

-- As in 0008.
CREATE OR REPLACE VIEW publish.recipients_history AS
WITH owners AS (
    SELECT
        account,
        invoice_id,
        owner_field,
        invoice_number,
        employee_id,
        owner_known_from AS resolved_at,
        owner_valid_from AS valid_from,
        CAST('infinity' AS timestamptz) AS valid_to,
        owner_known_from AS known_from,
        CAST('infinity' AS timestamptz) AS known_to
    FROM publish.recipients
    UNION ALL
    SELECT
        account, invoice_id, owner_field, invoice_number, employee_id,
        resolved_at, valid_from, valid_to, known_from, known_to
    FROM matching.past_owners
),

states AS (
    SELECT
        account,
        owner_id,
        status,
        user_id,
        email,
        known_from AS resolved_at,
        valid_from,
        CAST('infinity' AS timestamptz) AS valid_to,
        known_from,
        CAST('infinity' AS timestamptz) AS known_to
    FROM matching.owner_states
    UNION ALL
    SELECT account, owner_id, status, user_id, email, resolved_at, valid_from, valid_to, known_from, known_to
    FROM matching.past_owner_states
)

SELECT
    owners.account,
    owners.invoice_id,
    owners.owner_field,
    owners.invoice_number,
    owners.employee_id,
    states.user_id,
    states.email,
    coalesce(states.status, 'owner_empty') AS status,
    publishes.run_id,
    resolved.at AS resolved_at,
    owners.valid_from AS owner_valid_from,
    owners.resolved_at AS owner_known_from,
    greatest(owners.valid_from, states.valid_from) AS valid_from,
    least(owners.valid_to, states.valid_to) AS valid_to,
    greatest(owners.known_from, states.known_from) AS known_from,
    least(owners.known_to, states.known_to) AS known_to
FROM owners
LEFT JOIN states
    ON owners.account = states.account
    AND owners.employee_id = states.owner_id
    AND owners.valid_from < states.valid_to
    AND states.valid_from < owners.valid_to
    AND owners.known_from < states.known_to
    AND states.known_from < owners.known_to
CROSS JOIN LATERAL (SELECT greatest(owners.resolved_at, states.resolved_at) AS at) AS resolved
LEFT JOIN ops.publishes AS publishes
    ON owners.account = publishes.account AND resolved.at = publishes.published_at
WHERE owners.employee_id IS NULL OR states.owner_id IS NOT NULL;
ALTER TABLE matching.past_owners DROP COLUMN reason;

ALTER TABLE ops.publishes
    DROP COLUMN team_choice,
    DROP COLUMN least_contribution;
ALTER TABLE publish.recipients
    DROP CONSTRAINT recipients_status_check,
    DROP CONSTRAINT recipients_without_employee,
    ADD CONSTRAINT recipients_status_check CHECK (
        status IN (
            'ok', 'owner_empty', 'employee_not_found', 'employee_deleted', 'not_an_employee', 'employee_inactive',
            'email_missing', 'email_invalid', 'conflict', 'no_user', 'user_inactive'
        )
    ),
    ADD CONSTRAINT recipients_check1 CHECK ((status = 'owner_empty') = (employee_id IS NULL));

ALTER TABLE raw.invoice_owners DROP COLUMN reason;
DROP TABLE ops.team_selling;
DROP TABLE raw.sales_teams;
