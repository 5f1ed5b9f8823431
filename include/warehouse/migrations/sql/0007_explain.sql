-- Why an owner field of an invoice gives a recipient or none (B1, O12, O13); why an employee is a user or not (O12).
-- Both views are computed when asked, from the present rows of raw, matching and workflow, by index for one invoice or
-- employee. The checks stand in one VALUES list each: number, check, the status of publish.recipients where it is the
-- first to fail, whether it passes, the value seen, and who can mend it.

-- Grain: one row per invoice in raw, owner field and check. Owner fields: those configured, and those that raw or the
-- last publish still holds for the invoice.
CREATE VIEW publish.recipient_explain AS
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
        employees.id AS found_id,
        concat_ws(' ', employees.first_name, employees.last_name, '(' || employees.id || ')') AS employee_name,
        (employees.deleted_at IS NOT NULL OR lookups.found_as = 'deleted_employee') IS TRUE AS is_deleted,
        lookups.found_as,
        lookups.netsuite_type,
        employees.is_inactive,
        -- White space and invisible characters are no address: TRIMMED in include/matching/email_key.py.
        btrim(
            employees.email,
            U&'\0009\000A\000B\000C\000D\001C\001D\001E\001F\0020\0085\00A0\1680\2000\2001\2002\2003\2004\2005'
            '\2006\2007\2008\2009\200A\200B\200C\200D\200E\200F\2028\2029\202F\205F\2060\3000\FEFF'
        ) AS trimmed_email,
        employees.email_address,
        employees.email_key,
        matches.verdict,
        matches.reason,
        users.user_id,
        users.email AS user_email,
        users.is_active AS user_is_active,
        published.status AS published_status,
        published.email AS published_email,
        published.user_id AS published_user_id,
        published.run_id AS published_by
    FROM raw.invoices AS invoices
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
        ON configured.account = invoices.account AND configured.owner_field = fields.owner_field
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
    LEFT JOIN publish.recipients AS published
        ON published.account = invoices.account
        AND published.invoice_id = invoices.id
        AND published.owner_field = fields.owner_field
) AS facts
-- Whom the workflow engine knows by the employee's address, in this account and in any; by the keys of the last match.
CROSS JOIN LATERAL (
    SELECT
        count(*) AS anywhere,
        count(*) FILTER (WHERE others.account = facts.account) AS here,
        min(others.account) FILTER (WHERE others.account <> facts.account) AS elsewhere
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
                facts.employee_id IS NOT NULL,
                coalesce('holds ' || facts.employee_id, 'empty on the invoice'),
                'NetSuite administrator'
            ),
            (
                5, 'employee_exists', 'employee_not_found',
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
                6, 'employee_not_deleted', 'employee_deleted',
                NOT facts.is_deleted,
                CASE
                    WHEN facts.is_deleted THEN format('employee %s was deleted in NetSuite', facts.employee_id)
                    ELSE 'not deleted'
                END,
                'NetSuite administrator'
            ),
            (
                7, 'is_employee', 'not_an_employee',
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
                8, 'employee_active', 'employee_inactive',
                facts.is_inactive IS NOT TRUE,
                CASE
                    WHEN facts.is_inactive THEN format('%s is inactive in NetSuite', facts.employee_name)
                    ELSE 'active'
                END,
                'NetSuite administrator'
            ),
            (
                9, 'email_present', 'email_missing',
                facts.trimmed_email <> '',
                coalesce(nullif(facts.trimmed_email, ''), 'no address on the employee''s record'),
                'NetSuite administrator'
            ),
            (
                10, 'email_valid', 'email_invalid',
                facts.email_address IS NOT NULL,
                coalesce(facts.email_address, format('%s is no address that can be mailed', facts.trimmed_email)),
                'NetSuite administrator'
            ),
            (
                11, 'no_conflict', 'conflict',
                facts.verdict IS DISTINCT FROM 'conflict',
                CASE WHEN facts.verdict = 'conflict' THEN facts.reason ELSE 'no conflict' END,
                CASE
                    WHEN namesakes.sharing > 1 THEN 'NetSuite administrator'
                    ELSE 'administrator of the workflow engine'
                END
            ),
            (
                12, 'user_exists', 'no_user',
                facts.user_id IS NOT NULL OR holders.anywhere > 0,
                coalesce(
                    'user ' || facts.user_email,
                    CASE WHEN holders.anywhere > 0 THEN 'a user with the address ' || facts.email_address END,
                    'no user had the address ' || facts.email_address || ' when users were matched last'
                ),
                'administrator of the workflow engine'
            ),
            (
                13, 'user_has_access', 'no_user',
                facts.user_id IS NOT NULL OR holders.here > 0,
                CASE
                    WHEN facts.user_id IS NOT NULL OR holders.here > 0 THEN 'a user of this account'
                    ELSE format('the user with this address belongs to account %s', holders.elsewhere)
                END,
                'administrator of the workflow engine'
            ),
            (
                14, 'user_matched', 'no_user',
                facts.user_id IS NOT NULL,
                coalesce(
                    'linked with employee ' || facts.employee_id,
                    facts.reason,
                    'the user with this address is not linked with the employee yet'
                ),
                'data engineer'
            ),
            (
                15, 'user_active', 'user_inactive',
                facts.user_is_active,
                CASE
                    WHEN facts.user_is_active THEN 'active'
                    ELSE format('user %s was deactivated', facts.user_email)
                END,
                'administrator of the workflow engine'
            ),
            (
                16, 'published', NULL,
                facts.published_status = 'ok'
                AND facts.published_email = facts.email_address
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
    ) AS checks
) AS checked;
COMMENT ON VIEW publish.recipient_explain IS 'Why an owner field of an invoice gives a recipient or none, as things are now; computed when asked, so ask for one invoice. Grain: one row per account, invoice in raw, owner field (configured, or still there) and check. Right after a publish the status of the first check that fails is the status in publish.recipients; where none fails it is ok.';
COMMENT ON COLUMN publish.recipient_explain.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.recipient_explain.invoice_id IS 'Internal id of the invoice in NetSuite.';
COMMENT ON COLUMN publish.recipient_explain.owner_field IS 'The field on the invoice that names the owner, such as salesrep or custbody_collector.';
COMMENT ON COLUMN publish.recipient_explain."check" IS 'invoice_live, field_configured, field_synced, owner_filled, employee_exists, employee_not_deleted, is_employee, employee_active, email_present, email_valid, no_conflict, user_exists, user_has_access, user_matched, user_active, published; in this order.';
COMMENT ON COLUMN publish.recipient_explain.outcome IS 'pass; fail: the first check that fails, at most one per invoice and owner field; not_reached: a check after that one.';
COMMENT ON COLUMN publish.recipient_explain.seen IS 'What the check found, in words; null where it was not reached.';
COMMENT ON COLUMN publish.recipient_explain.who_can_mend IS 'Who can mend it: NetSuite administrator, administrator of the workflow engine or data engineer; null unless outcome is fail. (The author of a template can mend what the template says; that is checked where a template is at hand.)';
COMMENT ON COLUMN publish.recipient_explain.number IS 'Place of the check in the order, from 1.';
COMMENT ON COLUMN publish.recipient_explain.status IS 'The status in publish.recipients where this check is the first to fail; null for checks that are about the invoice, the field or the publish itself.';
COMMENT ON COLUMN publish.recipient_explain.invoice_number IS 'The invoice''s number as people know it (NetSuite''s tranid).';

-- Grain: one row per employee in raw and check.
CREATE VIEW publish.employee_explain AS
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
COMMENT ON VIEW publish.employee_explain IS 'Why an employee is a user of the workflow engine or not, as things are now (O12: "a rep was not imported"); computed when asked, so ask for one employee. Grain: one row per account, employee in raw and check.';
COMMENT ON COLUMN publish.employee_explain.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.employee_explain.employee_id IS 'Internal id of the NetSuite employee.';
COMMENT ON COLUMN publish.employee_explain."check" IS 'employee_not_deleted, employee_active, email_valid, no_conflict, invoice_synced, user_exists, user_active; in this order.';
COMMENT ON COLUMN publish.employee_explain.outcome IS 'pass; fail: the first check that fails; not_reached: a check after that one.';
COMMENT ON COLUMN publish.employee_explain.seen IS 'What the check found, in words; null where it was not reached.';
COMMENT ON COLUMN publish.employee_explain.who_can_mend IS 'Who can mend it: NetSuite administrator, administrator of the workflow engine or data engineer; null unless outcome is fail.';
COMMENT ON COLUMN publish.employee_explain.number IS 'Place of the check in the order, from 1.';
