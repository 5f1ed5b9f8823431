-- Takes back what 0013 replaced; comments stay as they are. What it created goes.

DROP VIEW publish.smart_field_recipients;

-- As in 0007.
CREATE OR REPLACE VIEW publish.employee_explain AS
SELECT
    facts.account,
    facts.employee_id,
    checked."check",
    checked.outcome,
    checked.seen,
    checked.who_can_mend,
    checked.number
FROM (
    SELECT
        employees.account,
        employees.id AS employee_id,
        concat_ws(' ', employees.first_name, employees.last_name, '(' || employees.id || ')') AS employee_name,
        employees.deleted_at,
        employees.is_inactive,
        employees.email,
        employees.email_address,
        employees.email_key,
        matches.verdict,
        matches.reason,
        users.user_id,
        users.email AS user_email,
        users.is_active AS user_is_active
    FROM raw.employees AS employees
    LEFT JOIN matching.employee_matches AS matches
        ON matches.account = employees.account AND matches.employee_id = employees.id
    LEFT JOIN workflow.users AS users
        ON users.account = employees.account AND users.netsuite_employee_id = employees.id
) AS facts
LEFT JOIN LATERAL (
    SELECT
        owners.owner_field,
        invoices.invoice_number
    FROM raw.invoice_owners AS owners
    INNER JOIN raw.invoices AS invoices
        ON invoices.account = owners.account AND invoices.id = owners.invoice_id
    WHERE owners.account = facts.account
        AND owners.employee_id = facts.employee_id
        AND invoices.deleted_at IS NULL
    LIMIT 1
) AS named ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS sharing
    FROM raw.employees AS others
    WHERE others.account = facts.account
        AND others.email_key = facts.email_key
        AND others.deleted_at IS NULL
        AND others.is_inactive IS NOT TRUE
        AND facts.verdict = 'conflict'
) AS namesakes
CROSS JOIN LATERAL (
    SELECT
        checks."check",
        CASE
            WHEN checks.number = checks.first_failed THEN 'fail'
            WHEN checks.number > checks.first_failed THEN 'not_reached'
            ELSE 'pass'
        END AS outcome,
        CASE WHEN checks.number > checks.first_failed THEN NULL ELSE checks.seen END AS seen,
        CASE WHEN checks.number = checks.first_failed THEN checks.who END AS who_can_mend,
        checks.number
    FROM (
        SELECT *, min(each.number) FILTER (WHERE each.passes IS NOT TRUE) OVER () AS first_failed
        FROM (
            VALUES
            (
                1, 'employee_not_deleted',
                facts.deleted_at IS NULL,
                coalesce('deleted in NetSuite, ' || date_trunc('second', facts.deleted_at), facts.employee_name),
                'NetSuite administrator'
            ),
            (
                2, 'employee_active',
                facts.is_inactive IS NOT TRUE,
                CASE WHEN facts.is_inactive THEN 'inactive in NetSuite' ELSE 'active' END,
                'NetSuite administrator'
            ),
            (
                3, 'email_valid',
                facts.email_address IS NOT NULL,
                coalesce(
                    facts.email_address,
                    nullif(facts.email, '') || ' is no address that can be mailed',
                    'no address on the employee''s record'
                ),
                'NetSuite administrator'
            ),
            (
                4, 'no_conflict',
                facts.verdict IS DISTINCT FROM 'conflict',
                CASE WHEN facts.verdict = 'conflict' THEN facts.reason ELSE 'no conflict' END,
                CASE
                    WHEN namesakes.sharing > 1 THEN 'NetSuite administrator'
                    ELSE 'administrator of the workflow engine'
                END
            ),
            (
                5, 'invoice_synced',
                named.owner_field IS NOT NULL,
                coalesce(
                    format('%s of invoice %s', named.owner_field, named.invoice_number),
                    'no live invoice that was synced names the employee in an owner field'
                ),
                'data engineer'
            ),
            (
                6, 'user_exists',
                facts.user_id IS NOT NULL,
                coalesce('user ' || facts.user_email, facts.reason, 'the next sync decides'),
                'administrator of the workflow engine'
            ),
            (
                7, 'user_active',
                facts.user_is_active,
                CASE
                    WHEN facts.user_is_active THEN 'active'
                    ELSE format('user %s was deactivated', facts.user_email)
                END,
                'administrator of the workflow engine'
            )
        ) AS each (number, "check", passes, seen, who)
    ) AS checks
) AS checked;

-- As in 0008.
CREATE OR REPLACE FUNCTION publish.recipients_at(
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

CREATE OR REPLACE FUNCTION publish.recipients_as_of(
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
