-- Evidence rests on the links as they would be without verdicts. A user whom a verdict freed may be linked elsewhere by the
-- rules: that too would not be so without the verdict. A link that a person made since counts as it is.
CREATE OR REPLACE VIEW matching.user_links AS
SELECT
    users.account,
    users.user_id,
    users.email,
    keys.email_key,
    users.is_active,
    users.netsuite_employee_id AS employee_id,
    CASE
        WHEN given.verdict_id IS NOT NULL THEN given.user_was_linked_to
        WHEN users.netsuite_employee_id IS NULL THEN taken.employee_id
        WHEN mapping.rule = 'same_email' AND taken.decision <> 'withdrawn' THEN taken.employee_id
        ELSE users.netsuite_employee_id
    END AS employee_id_before_verdicts
FROM workflow.users AS users
LEFT JOIN ops.user_email_keys AS keys ON users.user_id = keys.user_id
LEFT JOIN matching.latest_verdicts AS given
    ON users.account = given.account
    AND users.netsuite_employee_id = given.employee_id
    AND users.user_id = given.user_id
LEFT JOIN (
    SELECT DISTINCT ON (account, linked_user_id)
        account,
        linked_user_id AS user_id,
        employee_id,
        decision
    FROM matching.latest_verdicts
    WHERE linked_user_id IS NOT NULL AND user_id IS DISTINCT FROM linked_user_id
    ORDER BY account, linked_user_id, verdict_id DESC
) AS taken
    ON users.account = taken.account AND users.user_id = taken.user_id
LEFT JOIN publish.user_mapping AS mapping
    ON users.account = mapping.account
    AND users.user_id = mapping.user_id
    AND users.netsuite_employee_id = mapping.employee_id;

-- Gathered for all employees at once, and for one where only that one is asked for.
CREATE OR REPLACE VIEW matching.cases AS
SELECT
    facts.account,
    facts.employee_id,
    facts.evidence,
    encode(sha256(convert_to(facts.evidence::text, 'UTF8')), 'hex') AS evidence_hash
FROM (
    SELECT
        employees.account,
        employees.id AS employee_id,
        jsonb_build_object(
            'employee', jsonb_build_object(
                'email_key', employees.email_key,
                'is_active', employees.deleted_at IS NULL AND employees.is_inactive IS NOT TRUE
            ),
            'employees_with_the_address', coalesce(others.employees, '[]'),
            'candidates', coalesce(users.candidates, '[]')
        ) AS evidence
    FROM raw.employees AS employees
    LEFT JOIN (
        SELECT
            account,
            email_key,
            jsonb_agg(id ORDER BY id) AS employees
        FROM raw.employees
        WHERE deleted_at IS NULL AND is_inactive IS NOT TRUE AND email_key IS NOT NULL
        GROUP BY account, email_key
    ) AS others
        ON employees.account = others.account AND employees.email_key = others.email_key
    LEFT JOIN (
        SELECT
            candidates.account,
            candidates.employee_id,
            jsonb_agg(
                jsonb_build_object(
                    'user_id', candidates.user_id,
                    'email_key', candidates.user_email_key,
                    'is_active', candidates.user_is_active,
                    'linked_id', candidates.linked_id,
                    'same_email', candidates.same_email,
                    'linked_employee_id', candidates.linked_employee_id,
                    'linked_employee_email_key', linked.email_key,
                    'linked_employee_is_active',
                    linked.deleted_at IS NULL AND linked.is_inactive IS NOT TRUE AND linked.id IS NOT NULL
                )
                ORDER BY candidates.user_id
            ) AS candidates
        FROM matching.candidates AS candidates
        LEFT JOIN raw.employees AS linked
            ON candidates.account = linked.account AND candidates.linked_employee_id = linked.id
        GROUP BY candidates.account, candidates.employee_id
    ) AS users
        ON employees.account = users.account AND employees.id = users.employee_id
) AS facts;
