-- Step 7 of publishing: what is no longer so goes into the history, before it is overwritten.
-- A change that took effect at an instant ends what was valid then. Every row that we held true beyond that instant is
-- closed in known time by this publish, and is known from now on as ended there; what was known before is never changed.

-- What owner fields held.
WITH overtaken AS (
    UPDATE matching.past_owners AS past
    SET known_to = :published_at
    FROM recipient_changes AS changes
    WHERE changes.owner_changed
        AND past.account = :account
        AND past.invoice_id = changes.invoice_id
        AND past.owner_field = changes.owner_field
        AND past.known_to = 'infinity'
        AND past.valid_to > changes.valid_from
    RETURNING
        past.invoice_id, past.owner_field, past.invoice_number, past.employee_id, past.reason, past.resolved_at,
        past.valid_from, changes.valid_from AS ended_at
),

replaced AS (
    SELECT
        invoice_id,
        owner_field,
        invoice_number_before AS invoice_number,
        employee_id_before AS employee_id,
        CASE WHEN employee_id_before IS NULL THEN nullif(status_before, 'owner_empty') END AS reason,
        owner_known_from_before AS resolved_at,
        owner_valid_from_before AS valid_from,
        valid_from AS ended_at,
        cause
    FROM recipient_changes
    WHERE owner_changed AND change <> 'inserted'
)

INSERT INTO matching.past_owners (
    account, invoice_id, owner_field, invoice_number, employee_id, reason,
    resolved_at, valid_from, valid_to, known_from, known_to, replaced_because
)
SELECT
    :account,
    invoice_id,
    owner_field,
    invoice_number,
    employee_id,
    reason,
    resolved_at,
    valid_from,
    'infinity',
    resolved_at,
    :published_at,
    cause
FROM replaced
UNION ALL
SELECT
    :account,
    invoice_id,
    owner_field,
    invoice_number,
    employee_id,
    reason,
    resolved_at,
    valid_from,
    ended_at,
    :published_at,
    'infinity',
    NULL
FROM (
    SELECT invoice_id, owner_field, invoice_number, employee_id, reason, resolved_at, valid_from, ended_at FROM replaced
    UNION ALL
    SELECT * FROM overtaken
) AS ended
WHERE valid_from < ended_at;

-- What owners resolved to.
WITH overtaken AS (
    UPDATE matching.past_owner_states AS past
    SET known_to = :published_at
    FROM owner_changes AS changes
    WHERE past.account = :account
        AND past.owner_id = changes.owner_id
        AND past.known_to = 'infinity'
        AND past.valid_to > changes.valid_from
    RETURNING
        past.owner_id, past.status, past.user_id, past.email, past.resolved_at, past.valid_from,
        changes.valid_from AS ended_at
),

replaced AS (
    SELECT
        states.owner_id,
        states.status,
        states.user_id,
        states.email,
        states.known_from AS resolved_at,
        states.valid_from,
        changes.valid_from AS ended_at
    FROM owner_changes AS changes
    INNER JOIN matching.owner_states AS states
        ON states.account = :account AND changes.owner_id = states.owner_id
)

INSERT INTO matching.past_owner_states (
    account, owner_id, status, user_id, email, resolved_at, valid_from, valid_to, known_from, known_to
)
SELECT
    :account,
    owner_id,
    status,
    user_id,
    email,
    resolved_at,
    valid_from,
    'infinity',
    resolved_at,
    :published_at
FROM replaced
UNION ALL
SELECT
    :account,
    owner_id,
    status,
    user_id,
    email,
    resolved_at,
    valid_from,
    ended_at,
    :published_at,
    'infinity'
FROM (
    SELECT * FROM replaced
    UNION ALL
    SELECT * FROM overtaken
) AS ended
WHERE valid_from < ended_at;

INSERT INTO matching.owner_states (account, owner_id, status, user_id, email, cause, valid_from, known_from)
SELECT
    :account,
    owner_id,
    status,
    user_id,
    email,
    cause,
    valid_from,
    :published_at
FROM owner_changes
ON CONFLICT (account, owner_id) DO UPDATE SET
    status = excluded.status,
    user_id = excluded.user_id,
    email = excluded.email,
    cause = excluded.cause,
    valid_from = excluded.valid_from,
    known_from = excluded.known_from;

-- Ids that are neither an employee nor looked up have a state from when an invoice names them.
INSERT INTO matching.owner_states (account, owner_id, status, valid_from, known_from)
SELECT DISTINCT
    :account,
    employee_id,
    status,
    CAST(:published_at AS timestamptz),
    CAST(:published_at AS timestamptz)
FROM recipient_changes
WHERE status = 'employee_not_found' AND change <> 'deleted'
ON CONFLICT (account, owner_id) DO NOTHING;
