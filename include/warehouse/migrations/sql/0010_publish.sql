-- Two more statuses of recipients, whose owner is empty too; the history keeps which of the three it was.

ALTER TABLE publish.recipients
    DROP CONSTRAINT recipients_status_check,
    DROP CONSTRAINT recipients_check1,
    ADD CONSTRAINT recipients_status_check CHECK (
        status IN (
            'ok', 'owner_empty', 'team_without_primary', 'team_below_contribution', 'employee_not_found',
            'employee_deleted', 'not_an_employee', 'employee_inactive', 'email_missing', 'email_invalid', 'conflict',
            'no_user', 'user_inactive'
        )
    ),
    ADD CONSTRAINT recipients_without_employee CHECK (
        (status IN ('owner_empty', 'team_without_primary', 'team_below_contribution')) = (employee_id IS NULL)
    );
COMMENT ON TABLE publish.recipients IS
'Whom each owner field of each invoice resolves to. Grain: one row per account, live invoice and owner field of the account file, the empty ones too; with team_selling one more for each further member of the sales team that is chosen. A row that stays the same is not touched.';
COMMENT ON COLUMN publish.recipients.owner_field IS 'The field on the invoice that names the owner, such as salesrep or custbody_collector. With team_selling, salesrep is the first member of the sales team that is chosen, salesrep:2, salesrep:3, ... are the others.';
COMMENT ON COLUMN publish.recipients.employee_id IS 'The internal id that the owner field holds; null when it is empty, or nobody of the sales team is chosen.';
COMMENT ON COLUMN publish.recipients.status IS 'ok, or the first check that failed, in this order: owner_empty (the field is empty), team_without_primary (none of the sales team is marked primary, or more than one is), team_below_contribution (nobody of the sales team reaches the least contribution), employee_not_found (NetSuite shows no such employee), not_an_employee (a vendor, customer, ...), employee_deleted, employee_inactive, email_missing, email_invalid, conflict (a person must decide who it is), no_user (the employee has no user), user_inactive.';
COMMENT ON COLUMN publish.recipient_changes.cause IS 'The one reason, the first that holds. invoice_created: first publish of the invoice. invoice_deleted: deleted in NetSuite. invoice_restored: deleted once, and there again. field_configured, field_removed: the owner field joined or left the account file, or team_selling there changed since the last publish, and with it who owns the invoice. owner_changed: the field holds another id, or is filled or emptied; the sales team has other members, or others of them are chosen. employee_found: the id turned out to be an employee. owner_identified: NetSuite gave another answer about an id that is no employee here. employee_deleted, employee_left (inactive), employee_returned. address_changed: the employee''s e-mail address. conflict_opened, conflict_settled. user_created: the user was made since the last publish. user_matched, user_unlinked: the employee was linked with a user, or the link ended. user_deactivated, user_activated. invoice_renumbered: nothing but the number. re_sync: none of these: read and resolved anew, with another result.';

ALTER TABLE ops.publishes
    ADD COLUMN team_choice text,
    ADD COLUMN least_contribution numeric;
COMMENT ON COLUMN ops.publishes.team_choice IS 'The choice of team_selling by which the owners were loaded that were published; null: without team_selling.';
COMMENT ON COLUMN ops.publishes.least_contribution IS 'With choice contribution, the least share.';

ALTER TABLE matching.past_owners ADD COLUMN reason text;
COMMENT ON COLUMN matching.past_owners.employee_id IS 'The id that the field held then; null: it was empty, or nobody of the sales team was chosen.';
COMMENT ON COLUMN matching.past_owners.reason IS 'The status of an owner field without employee, if it was not owner_empty.';

CREATE OR REPLACE VIEW publish.recipients_history AS
WITH owners AS (
    SELECT
        account,
        invoice_id,
        owner_field,
        invoice_number,
        employee_id,
        CASE WHEN employee_id IS NULL THEN status END AS reason,
        owner_known_from AS resolved_at,
        owner_valid_from AS valid_from,
        CAST('infinity' AS timestamptz) AS valid_to,
        owner_known_from AS known_from,
        CAST('infinity' AS timestamptz) AS known_to
    FROM publish.recipients
    UNION ALL
    SELECT
        account, invoice_id, owner_field, invoice_number, employee_id, reason,
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
    coalesce(states.status, owners.reason, 'owner_empty') AS status,
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
COMMENT ON COLUMN publish.recipients_history.employee_id IS 'The internal id that the owner field held; null when it was empty, or nobody of the sales team was chosen.';
