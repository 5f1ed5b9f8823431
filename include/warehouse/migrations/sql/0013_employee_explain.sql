-- publish.employee_explain, as in 0007 but for the checks invoice_synced and user_exists: an employee who has a user, or whose
-- account only matches, needs no invoice (E1); and who is on a sales team without being chosen is told so (D6).

-- Grain: one row per employee in raw and check.
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
        users.is_active AS user_is_active,
        switches.account IS NOT NULL AS only_matches
    FROM raw.employees AS employees
    LEFT JOIN matching.employee_matches AS matches
        ON matches.account = employees.account AND matches.employee_id = employees.id
    LEFT JOIN workflow.users AS users
        ON users.account = employees.account AND users.netsuite_employee_id = employees.id
    LEFT JOIN ops.user_mode_switches AS switches ON switches.account = employees.account
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
LEFT JOIN LATERAL (
    SELECT
        invoices.invoice_number,
        choice.choice
    FROM raw.sales_teams AS members
    INNER JOIN raw.invoices AS invoices
        ON invoices.account = members.account AND invoices.id = members.invoice_id
    INNER JOIN ops.team_selling AS choice ON choice.account = members.account
    WHERE members.account = facts.account
        AND members.employee_id = facts.employee_id
        AND invoices.deleted_at IS NULL
        AND named.owner_field IS NULL
    LIMIT 1
) AS not_chosen ON true
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
                named.owner_field IS NOT NULL OR facts.user_id IS NOT NULL OR facts.only_matches,
                CASE
                    WHEN named.owner_field IS NOT NULL
                        THEN format('%s of invoice %s', named.owner_field, named.invoice_number)
                    WHEN facts.user_id IS NOT NULL THEN 'none does now, and the employee has a user all the same'
                    WHEN facts.only_matches THEN 'none does; not needed, since this account only matches'
                    WHEN not_chosen.choice IS NOT NULL
                        THEN format(
                            'on the sales team of invoice %s, but not chosen: the account file chooses %s',
                            not_chosen.invoice_number,
                            not_chosen.choice
                        )
                    ELSE 'no live invoice that was synced names the employee in an owner field'
                END,
                'data engineer'
            ),
            (
                6, 'user_exists',
                facts.user_id IS NOT NULL,
                coalesce(
                    'user ' || facts.user_email,
                    facts.reason,
                    CASE
                        WHEN facts.only_matches
                            THEN format('no user had the address %s at the last sync', facts.email_address)
                    END,
                    'the next sync decides'
                ),
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
