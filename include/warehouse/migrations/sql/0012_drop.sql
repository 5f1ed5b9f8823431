-- Defines the views as 0009 did, and comments as 0001 and 0010 did.
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
        ELSE coalesce(users.netsuite_employee_id, taken.employee_id)
    END AS employee_id_before_verdicts
FROM workflow.users AS users
LEFT JOIN ops.user_email_keys AS keys ON users.user_id = keys.user_id
LEFT JOIN matching.latest_verdicts AS given
    ON users.account = given.account
    AND users.netsuite_employee_id = given.employee_id
    AND users.user_id = given.user_id
LEFT JOIN LATERAL (
    SELECT verdicts.employee_id
    FROM matching.verdicts AS verdicts
    WHERE users.netsuite_employee_id IS NULL
        AND verdicts.linked_user_id = users.user_id
        AND verdicts.account = users.account
        AND verdicts.user_id IS DISTINCT FROM users.user_id
        AND NOT EXISTS (
            SELECT FROM matching.verdicts AS later
            WHERE later.account = verdicts.account
                AND later.employee_id = verdicts.employee_id
                AND later.verdict_id > verdicts.verdict_id
        )
    ORDER BY verdicts.verdict_id DESC
    LIMIT 1
) AS taken ON true;

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
            'employees_with_the_address', (
                SELECT coalesce(jsonb_agg(others.id ORDER BY others.id), '[]')
                FROM raw.employees AS others
                WHERE others.account = employees.account
                    AND others.email_key = employees.email_key
                    AND others.deleted_at IS NULL
                    AND others.is_inactive IS NOT TRUE
            ),
            'candidates', (
                SELECT
                    coalesce(
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
                        ),
                        '[]'
                    )
                FROM matching.candidates AS candidates
                LEFT JOIN raw.employees AS linked
                    ON candidates.account = linked.account AND candidates.linked_employee_id = linked.id
                WHERE candidates.account = employees.account AND candidates.employee_id = employees.id
            )
        ) AS evidence
    FROM raw.employees AS employees
) AS facts;

COMMENT ON COLUMN publish.recipients.email IS 'The address to mail: the employee record''s, trimmed. Only when status is ok.';
COMMENT ON COLUMN publish.recipients.status IS 'ok, or the first check that failed, in this order: owner_empty (the field is empty), team_without_primary (none of the sales team is marked primary, or more than one is), team_below_contribution (nobody of the sales team reaches the least contribution), employee_not_found (NetSuite shows no such employee), not_an_employee (a vendor, customer, ...), employee_deleted, employee_inactive, email_missing, email_invalid, conflict (a person must decide who it is), no_user (the employee has no user), user_inactive.';

ALTER TABLE matching.past_owners DROP COLUMN replaced_because;
