-- publish.recipient_explain of 0007, with the sales team of the owner field salesrep: two more checks where the account
-- has team_selling, and a row of each check per member that is chosen (salesrep, salesrep:2, ...).
-- Grain: one row per invoice in raw, owner field and check. Owner fields: those configured, and those that raw or the
-- last publish still holds for the invoice.
CREATE OR REPLACE VIEW publish.recipient_explain AS
SELECT
    facts.account,
    facts.invoice_id,
    facts.owner_field,
    checked."check",
    checked.outcome,
    checked.seen,
    checked.who_can_mend,
    checked.number,
    checked.status,
    facts.invoice_number
FROM (
    SELECT
        invoices.account,
        invoices.id AS invoice_id,
        invoices.invoice_number,
        invoices.deleted_at AS invoice_deleted_at,
        fields.owner_field,
        configured.configured_at,
        owners.run_id AS read_by,
        owners.employee_id,
        owners.reason AS team_reason,
        choice.choice AS team_choice,
        choice.least_contribution,
        employees.id AS found_id,
        concat_ws(' ', employees.first_name, employees.last_name, '(' || employees.id || ')') AS employee_name,
        (employees.deleted_at IS NOT NULL OR lookups.found_as = 'deleted_employee') IS TRUE AS is_deleted,
        lookups.found_as,
        lookups.netsuite_type,
        employees.is_inactive,
        btrim(employees.email, blanks.characters) AS trimmed_email,
        employees.email_address,
        employees.email_key,
        matches.verdict,
        matches.reason,
        users.user_id,
        users.email AS user_email,
        users.is_active AS user_is_active,
        -- A recipient is a user: the user's own address is mailed where it is another than the employee's.
        CASE
            WHEN users.user_id IS NULL OR keys.email_key = employees.email_key THEN employees.email_address
            WHEN keys.email_key IS NOT NULL THEN btrim(users.email, blanks.characters)
        END AS mailed_address,
        published.status AS published_status,
        published.email AS published_email,
        published.user_id AS published_user_id,
        published.run_id AS published_by
    FROM raw.invoices AS invoices
    -- White space and invisible characters are no address: TRIMMED in include/matching/email_key.py.
    CROSS JOIN (
        SELECT
            U&'\0009\000A\000B\000C\000D\001C\001D\001E\001F\0020\0085\00A0\1680\2000\2001\2002\2003\2004\2005'
            '\2006\2007\2008\2009\200A\200B\200C\200D\200E\200F\2028\2029\202F\205F\2060\3000\FEFF' AS characters
    ) AS blanks
    CROSS JOIN LATERAL (
        SELECT each.owner_field FROM ops.owner_fields AS each WHERE each.account = invoices.account
        UNION
        SELECT each.owner_field
        FROM raw.invoice_owners AS each
        WHERE each.account = invoices.account AND each.invoice_id = invoices.id
        UNION
        SELECT each.owner_field
        FROM publish.recipients AS each
        WHERE each.account = invoices.account AND each.invoice_id = invoices.id
    ) AS fields
    LEFT JOIN ops.owner_fields AS configured
        ON configured.account = invoices.account AND configured.owner_field = split_part(fields.owner_field, ':', 1)
    LEFT JOIN ops.team_selling AS choice
        ON choice.account = invoices.account AND split_part(fields.owner_field, ':', 1) = 'salesrep'
    LEFT JOIN raw.invoice_owners AS owners
        ON owners.account = invoices.account
        AND owners.invoice_id = invoices.id
        AND owners.owner_field = fields.owner_field
    LEFT JOIN raw.employees AS employees
        ON employees.account = invoices.account AND employees.id = owners.employee_id
    LEFT JOIN raw.owner_lookups AS lookups
        ON lookups.account = invoices.account AND lookups.owner_id = owners.employee_id AND employees.id IS NULL
    LEFT JOIN matching.employee_matches AS matches
        ON matches.account = invoices.account AND matches.employee_id = employees.id
    LEFT JOIN workflow.users AS users
        ON users.account = invoices.account AND users.netsuite_employee_id = employees.id
    LEFT JOIN ops.user_email_keys AS keys ON keys.user_id = users.user_id
    LEFT JOIN publish.recipients AS published
        ON published.account = invoices.account
        AND published.invoice_id = invoices.id
        AND published.owner_field = fields.owner_field
) AS facts
-- Whom the workflow engine knows by the employee's address, in this account and in any; by the keys of the last match.
CROSS JOIN LATERAL (
    SELECT
        count(*) AS anywhere,
        count(*) FILTER (WHERE others.account = facts.account) AS here
    FROM ops.user_email_keys AS keys
    INNER JOIN workflow.users AS others ON others.user_id = keys.user_id
    WHERE keys.email_key = facts.email_key AND facts.user_id IS NULL
) AS holders
CROSS JOIN LATERAL (
    SELECT count(*) AS sharing
    FROM raw.employees AS others
    WHERE others.account = facts.account
        AND others.email_key = facts.email_key
        AND others.deleted_at IS NULL
        AND others.is_inactive IS NOT TRUE
        AND facts.verdict = 'conflict'
) AS namesakes
-- The whole sales team in words, such as: Ann Lee (7, primary, 60 %), Bob Ray (8, 40 %).
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE members.is_primary) AS primaries,
        string_agg(
            format(
                '%s(%s)',
                nullif(concat_ws(' ', people.first_name, people.last_name), '') || ' ',
                concat_ws(
                    ', ',
                    members.employee_id,
                    CASE WHEN members.is_primary THEN 'primary' END,
                    trim_scale(round(members.contribution * 100, 2)) || ' %'
                )
            ),
            ', '
            ORDER BY members.is_primary IS TRUE DESC, members.contribution DESC NULLS LAST, members.employee_id
        ) AS members
    FROM raw.sales_teams AS members
    LEFT JOIN raw.employees AS people
        ON people.account = members.account AND people.id = members.employee_id
    WHERE members.account = facts.account
        AND members.invoice_id = facts.invoice_id
        AND facts.team_choice IS NOT NULL
) AS team
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
        checks.number,
        checks.status
    FROM (
        SELECT *, min(each.number) FILTER (WHERE each.passes IS NOT TRUE) OVER () AS first_failed
        FROM (
            VALUES
            (
                1, 'invoice_live', NULL,
                facts.invoice_deleted_at IS NULL,
                coalesce('deleted in NetSuite, ' || date_trunc('second', facts.invoice_deleted_at), 'not deleted'),
                'NetSuite administrator'
            ),
            (
                2, 'field_configured', NULL,
                facts.configured_at IS NOT NULL,
                coalesce(
                    'in the account file; first published ' || date_trunc('second', facts.configured_at),
                    'not among the owner fields of the account file at the last publish'
                ),
                'data engineer'
            ),
            (
                3, 'field_synced', NULL,
                facts.read_by IS NOT NULL,
                coalesce('read by run ' || facts.read_by, 'no run has read this field of the invoice'),
                'data engineer'
            ),
            (
                4, 'owner_filled', 'owner_empty',
                facts.employee_id IS NOT NULL OR facts.team_reason IS NOT NULL,
                CASE
                    WHEN facts.team_choice IS NULL
                        THEN coalesce('holds ' || facts.employee_id, 'empty on the invoice')
                    ELSE coalesce('the sales team: ' || team.members, 'no sales team on the invoice')
                END,
                'NetSuite administrator'
            ),
            (
                5, 'team_has_primary', 'team_without_primary',
                facts.team_reason IS DISTINCT FROM 'team_without_primary',
                CASE
                    WHEN facts.team_reason = 'team_without_primary'
                        THEN CASE team.primaries
                            WHEN 0 THEN 'no member is marked primary: ' || team.members
                            ELSE format('%s members are marked primary: %s', team.primaries, team.members)
                        END
                    WHEN facts.team_choice = 'primary' THEN format('%s is primary', facts.employee_id)
                    ELSE format('not asked for: the account file chooses %s', facts.team_choice)
                END,
                'NetSuite administrator'
            ),
            (
                6, 'team_reaches_contribution', 'team_below_contribution',
                facts.team_reason IS DISTINCT FROM 'team_below_contribution',
                CASE
                    WHEN facts.team_choice <> 'contribution'
                        THEN format('not asked for: the account file chooses %s', facts.team_choice)
                    ELSE format(
                        CASE
                            WHEN facts.team_reason IS NULL THEN '%2$s has at least %1$s %%'
                            ELSE 'nobody has at least %1$s %%: %3$s'
                        END,
                        trim_scale(facts.least_contribution * 100),
                        facts.employee_id,
                        team.members
                    )
                END,
                'NetSuite administrator'
            ),
            (
                7, 'employee_exists', 'employee_not_found',
                facts.found_id IS NOT NULL OR facts.found_as IN ('deleted_employee', 'other_entity'),
                CASE
                    WHEN facts.found_id IS NOT NULL THEN facts.employee_name
                    WHEN facts.found_as IN ('deleted_employee', 'other_entity')
                        THEN 'NetSuite knows record ' || facts.employee_id
                    WHEN facts.found_as = 'employee'
                        THEN format(
                            'NetSuite says that %s is an employee, but does not show its record to the sync''s role',
                            facts.employee_id
                        )
                    ELSE format('NetSuite shows no record %s', facts.employee_id)
                END,
                'NetSuite administrator'
            ),
            (
                8, 'employee_not_deleted', 'employee_deleted',
                NOT facts.is_deleted,
                CASE
                    WHEN facts.is_deleted THEN format('employee %s was deleted in NetSuite', facts.employee_id)
                    ELSE 'not deleted'
                END,
                'NetSuite administrator'
            ),
            (
                9, 'is_employee', 'not_an_employee',
                facts.found_id IS NOT NULL OR facts.found_as = 'deleted_employee',
                CASE
                    WHEN facts.found_id IS NOT NULL THEN 'an employee'
                    ELSE format(
                        'record %s is no employee (%s)',
                        facts.employee_id,
                        coalesce(facts.netsuite_type, 'another kind of record')
                    )
                END,
                'NetSuite administrator'
            ),
            (
                10, 'employee_active', 'employee_inactive',
                facts.is_inactive IS NOT TRUE,
                CASE
                    WHEN facts.is_inactive THEN format('%s is inactive in NetSuite', facts.employee_name)
                    ELSE 'active'
                END,
                'NetSuite administrator'
            ),
            (
                11, 'email_present', 'email_missing',
                facts.trimmed_email <> '',
                coalesce(nullif(facts.trimmed_email, ''), 'no address on the employee''s record'),
                'NetSuite administrator'
            ),
            (
                12, 'email_valid', 'email_invalid',
                facts.email_address IS NOT NULL AND facts.mailed_address IS NOT NULL,
                CASE
                    WHEN facts.email_address IS NULL
                        THEN format('%s is no address that can be mailed', facts.trimmed_email)
                    WHEN facts.mailed_address IS NULL
                        THEN format('%s, the address of the user, is none that can be mailed', facts.user_email)
                    WHEN facts.mailed_address <> facts.email_address
                        THEN format('%s, the address of the user, not the employee''s', facts.mailed_address)
                    ELSE facts.mailed_address
                END,
                CASE
                    WHEN facts.email_address IS NULL THEN 'NetSuite administrator'
                    ELSE 'administrator of the workflow engine'
                END
            ),
            (
                13, 'no_conflict', 'conflict',
                facts.verdict IS DISTINCT FROM 'conflict',
                CASE WHEN facts.verdict = 'conflict' THEN facts.reason ELSE 'no conflict' END,
                CASE
                    WHEN namesakes.sharing > 1 THEN 'NetSuite administrator'
                    ELSE 'administrator of the workflow engine'
                END
            ),
            (
                14, 'user_exists', 'no_user',
                facts.user_id IS NOT NULL OR holders.anywhere > 0,
                coalesce(
                    'user ' || facts.user_email,
                    CASE WHEN holders.anywhere > 0 THEN 'a user with the address ' || facts.email_address END,
                    'no user had the address ' || facts.email_address || ' when users were matched last'
                ),
                'administrator of the workflow engine'
            ),
            (
                15, 'user_has_access', 'no_user',
                facts.user_id IS NOT NULL OR holders.here > 0,
                CASE
                    WHEN facts.user_id IS NOT NULL OR holders.here > 0 THEN 'a user of this account'
                    ELSE 'the user with this address belongs to another account'
                END,
                'administrator of the workflow engine'
            ),
            (
                16, 'user_matched', 'no_user',
                facts.user_id IS NOT NULL,
                coalesce(
                    'linked with employee ' || facts.employee_id,
                    facts.reason,
                    'the user with this address is not linked with the employee yet'
                ),
                'data engineer'
            ),
            (
                17, 'user_active', 'user_inactive',
                facts.user_is_active,
                CASE
                    WHEN facts.user_is_active THEN 'active'
                    ELSE format('user %s was deactivated', facts.user_email)
                END,
                'administrator of the workflow engine'
            ),
            (
                18, 'published', NULL,
                facts.published_status = 'ok'
                AND facts.published_email = facts.mailed_address
                AND facts.published_user_id = facts.user_id,
                CASE
                    WHEN facts.published_status IS NULL THEN 'not published yet; the next sync does'
                    ELSE concat_ws(
                        ' ', 'published as', facts.published_status, facts.published_email, 'by run', facts.published_by
                    )
                END,
                'data engineer'
            )
        ) AS each (number, "check", status, passes, seen, who)
        WHERE each.number NOT IN (5, 6) OR facts.team_choice IS NOT NULL
    ) AS checks
) AS checked;
COMMENT ON COLUMN publish.recipient_explain.owner_field IS 'The field on the invoice that names the owner, such as salesrep or custbody_collector; with team_selling salesrep:2, salesrep:3, ... too.';
COMMENT ON COLUMN publish.recipient_explain."check" IS 'invoice_live, field_configured, field_synced, owner_filled, team_has_primary, team_reaches_contribution, employee_exists, employee_not_deleted, is_employee, employee_active, email_present, email_valid, no_conflict, user_exists, user_has_access, user_matched, user_active, published; in this order. The two of the sales team only for the owner field salesrep (salesrep:2, ...) of accounts with team_selling.';
COMMENT ON COLUMN publish.recipient_explain.number IS 'Place of the check in the order, from 1; 5 and 6 are those of the sales team.';
