-- The history of recipients, bitemporal: when something was so (valid), and when our publishes showed it (known).
-- A recipient is what an owner field of an invoice holds, and what that owner resolves to. Each of the two keeps its own
-- history: who has left is one row there, not one for each of their invoices. publish.recipients_history joins them.

ALTER TABLE publish.recipients
    ADD COLUMN owner_valid_from timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN owner_known_from timestamptz NOT NULL DEFAULT now();
UPDATE publish.recipients SET owner_valid_from = resolved_at, owner_known_from = resolved_at;
COMMENT ON COLUMN publish.recipients.owner_valid_from IS 'Since when the invoice has this number and this owner, by NetSuite''s clock.';
COMMENT ON COLUMN publish.recipients.owner_known_from IS 'The publish that first showed the invoice with this number and this owner.';

CREATE TABLE matching.past_owners (
    account text NOT NULL,
    invoice_id bigint NOT NULL,
    owner_field text NOT NULL,
    invoice_number text,
    employee_id bigint,
    resolved_at timestamptz NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    known_from timestamptz NOT NULL,
    known_to timestamptz NOT NULL,
    PRIMARY KEY (account, invoice_id, owner_field, known_from, valid_from),
    CHECK (valid_from < valid_to),
    CHECK (known_from < known_to),
    CHECK (valid_to < 'infinity' OR known_to < 'infinity')
);
COMMENT ON TABLE matching.past_owners IS 'What owner fields held before what publish.recipients shows now. Grain: one row per account, invoice, owner field and pair of times; no two rows of one owner field overlap in both.';
COMMENT ON COLUMN matching.past_owners.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.past_owners.invoice_id IS 'Internal id of the invoice.';
COMMENT ON COLUMN matching.past_owners.owner_field IS 'The owner field.';
COMMENT ON COLUMN matching.past_owners.invoice_number IS 'The invoice''s number then.';
COMMENT ON COLUMN matching.past_owners.employee_id IS 'The id that the field held then; null: it was empty.';
COMMENT ON COLUMN matching.past_owners.resolved_at IS 'The publish that first showed this owner.';
COMMENT ON COLUMN matching.past_owners.valid_from IS 'When it took effect.';
COMMENT ON COLUMN matching.past_owners.valid_to IS 'When it ended (exclusive); infinity: when the row was given up, no end was known.';
COMMENT ON COLUMN matching.past_owners.known_from IS 'The publish from which on this was what we knew.';
COMMENT ON COLUMN matching.past_owners.known_to IS 'The publish that knew better (exclusive); infinity: this is what we know now.';

CREATE TABLE matching.past_owner_states (
    account text NOT NULL,
    owner_id bigint NOT NULL,
    status text NOT NULL,
    user_id uuid,
    email text,
    resolved_at timestamptz NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    known_from timestamptz NOT NULL,
    known_to timestamptz NOT NULL,
    PRIMARY KEY (account, owner_id, known_from, valid_from),
    CHECK (valid_from < valid_to),
    CHECK (known_from < known_to),
    CHECK (valid_to < 'infinity' OR known_to < 'infinity')
);
COMMENT ON TABLE matching.past_owner_states IS 'What owner ids resolved to before what matching.owner_states shows now. Grain: one row per account, owner id and pair of times; no two rows of one owner overlap in both.';
COMMENT ON COLUMN matching.past_owner_states.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.past_owner_states.owner_id IS 'The internal id: employee_id in publish.recipients.';
COMMENT ON COLUMN matching.past_owner_states.status IS 'As in publish.recipients.';
COMMENT ON COLUMN matching.past_owner_states.user_id IS 'As in publish.recipients.';
COMMENT ON COLUMN matching.past_owner_states.email IS 'As in publish.recipients.';
COMMENT ON COLUMN matching.past_owner_states.resolved_at IS 'The publish that first showed this state.';
COMMENT ON COLUMN matching.past_owner_states.valid_from IS 'When it took effect.';
COMMENT ON COLUMN matching.past_owner_states.valid_to IS 'When it ended (exclusive); infinity: when the row was given up, no end was known.';
COMMENT ON COLUMN matching.past_owner_states.known_from IS 'The publish from which on this was what we knew.';
COMMENT ON COLUMN matching.past_owner_states.known_to IS 'The publish that knew better (exclusive); infinity: this is what we know now.';

-- Grain: one row per account, invoice, owner field and pair of times.
CREATE VIEW publish.recipients_history AS
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
COMMENT ON VIEW publish.recipients_history IS 'Whom each owner field of each invoice has resolved to. Grain: one row per account, invoice, owner field and pair of times (valid, known), both half-open; no two rows of one owner field overlap in both. What we know now: known_to is infinity; what was so at an instant: valid_from <= instant < valid_to. Ask for a day with publish.recipients_as_of.';
COMMENT ON COLUMN publish.recipients_history.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.recipients_history.invoice_id IS 'Internal id of the invoice in NetSuite.';
COMMENT ON COLUMN publish.recipients_history.owner_field IS 'The field on the invoice that names the owner.';
COMMENT ON COLUMN publish.recipients_history.invoice_number IS 'The invoice''s number.';
COMMENT ON COLUMN publish.recipients_history.employee_id IS 'The internal id that the owner field held; null when it was empty.';
COMMENT ON COLUMN publish.recipients_history.user_id IS 'The user matched with the employee; null when there was none.';
COMMENT ON COLUMN publish.recipients_history.email IS 'The address to mail. Only when status is ok.';
COMMENT ON COLUMN publish.recipients_history.status IS 'ok, or the first check that failed, as in publish.recipients.';
COMMENT ON COLUMN publish.recipients_history.run_id IS 'The run that first found it so.';
COMMENT ON COLUMN publish.recipients_history.resolved_at IS 'When it was first found so.';
COMMENT ON COLUMN publish.recipients_history.owner_valid_from IS 'Since when the invoice had this number and this owner.';
COMMENT ON COLUMN publish.recipients_history.owner_known_from IS 'The publish that first showed the invoice with this number and this owner.';
COMMENT ON COLUMN publish.recipients_history.valid_from IS 'When it took effect: as NetSuite and workflow.users say, never after the publish that showed it.';
COMMENT ON COLUMN publish.recipients_history.valid_to IS 'When it ended (exclusive); infinity: no end was known.';
COMMENT ON COLUMN publish.recipients_history.known_from IS 'The publish from which on this was what we knew.';
COMMENT ON COLUMN publish.recipients_history.known_to IS 'The publish that knew better (exclusive); infinity: this is what we know now.';

-- A publish fixes its instant under the same lock and holds it until it has committed. Who asks waits for it here, so that
-- no answer misses a publish that will turn out to be older than the question.
CREATE FUNCTION publish.recipients_at(
    account text, moment timestamptz, known_at timestamptz DEFAULT now(), invoice_id bigint DEFAULT NULL
)
RETURNS SETOF publish.recipients LANGUAGE plpgsql VOLATILE ROWS 100000 SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    visible CONSTANT bigint := hashtextextended('recipients become visible ' || recipients_at.account, 0);
BEGIN
    IF recipients_at.known_at > clock_timestamp() THEN
        RAISE EXCEPTION 'known_at (%) lies in the future: nobody can say yet what will be known then', recipients_at.known_at
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave known_at out for what is known now.';
    END IF;
    PERFORM pg_advisory_lock_shared(visible);
    PERFORM pg_advisory_unlock_shared(visible);
    RETURN QUERY
    SELECT
        history.account,
        history.invoice_id,
        history.owner_field,
        history.invoice_number,
        history.employee_id,
        history.user_id,
        history.email,
        history.status,
        history.run_id,
        history.resolved_at,
        history.owner_valid_from,
        history.owner_known_from
    FROM publish.recipients_history AS history
    WHERE history.account = recipients_at.account
        AND (recipients_at.invoice_id IS NULL OR history.invoice_id = recipients_at.invoice_id)
        AND history.valid_from <= recipients_at.moment
        AND history.valid_to > recipients_at.moment
        AND history.known_from <= recipients_at.known_at
        AND history.known_to > recipients_at.known_at;
END
$$;
COMMENT ON FUNCTION publish.recipients_at(text, timestamptz, timestamptz, bigint) IS 'The recipients of an account, or of one invoice, as they were at a moment, as was known at known_at. The same question always gives the same answer.';

CREATE FUNCTION publish.recipients_as_of(
    account text, day date, known_at timestamptz DEFAULT now(), invoice_id bigint DEFAULT NULL
)
RETURNS SETOF publish.recipients LANGUAGE sql VOLATILE ROWS 100000 AS $$
    SELECT *
    FROM publish.recipients_at(
        recipients_as_of.account,
        (recipients_as_of.day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 microsecond',
        recipients_as_of.known_at,
        recipients_as_of.invoice_id
    )
$$;
COMMENT ON FUNCTION publish.recipients_as_of(text, date, timestamptz, bigint) IS 'The recipients of an account, or of one invoice, as they were at the end of a day (UTC), as was known at known_at. The same question always gives the same answer.';
