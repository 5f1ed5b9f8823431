-- Publish which employee each user is (E3, E5, E6). Grain: one row per user; rows that stay the same stay untouched.
-- rule: while the pair stays, what first brought it together; a person's verdict counts while it holds.
CREATE TEMP TABLE mapping_now ON COMMIT DROP AS
WITH addresses AS (
    SELECT
        employees.email_key,
        bool_and(employees.deleted_at IS NOT NULL) AS all_deleted,
        bool_or(employees.deleted_at IS NULL AND employees.is_inactive IS NOT TRUE) AS any_active,
        bool_or(matches.verdict = 'conflict') AS any_conflict,
        bool_or(matches.finding = 'decided_none') AS any_decided_none,
        bool_or(linked.user_id IS NOT NULL) AS any_linked
    FROM raw.employees AS employees
    LEFT JOIN matching.employee_matches AS matches
        ON matches.account = :account AND employees.id = matches.employee_id
    LEFT JOIN workflow.users AS linked
        ON linked.account = :account AND employees.id = linked.netsuite_employee_id
    WHERE employees.account = :account AND employees.email_key IS NOT NULL
    GROUP BY employees.email_key
)

SELECT
    users.user_id,
    employees.id IS NOT NULL AS netsuite_integrated,
    employees.id AS employee_id,
    CASE
        WHEN employees.id IS NULL THEN NULL
        WHEN matches.finding = 'human_verdict' THEN 'human_verdict'
        WHEN published.employee_id = employees.id AND published.rule <> 'human_verdict' THEN published.rule
        WHEN matches.finding = 'same_email' THEN 'same_email'
        ELSE 'linked_id'
    END AS rule,
    CASE
        WHEN employees.id IS NOT NULL THEN NULL
        WHEN users.netsuite_employee_id IS NOT NULL THEN 'employee_not_found'
        WHEN keys.email_key IS NULL THEN 'email_invalid'
        WHEN addresses.email_key IS NULL THEN 'no_employee'
        WHEN addresses.all_deleted THEN 'employee_deleted'
        WHEN NOT addresses.any_active THEN 'employee_inactive'
        WHEN addresses.any_conflict THEN 'conflict'
        WHEN addresses.any_decided_none THEN 'decided_none'
        WHEN addresses.any_linked THEN 'employee_has_another_user'
        ELSE 'not_on_an_invoice'
    END AS reason
FROM workflow.users AS users
LEFT JOIN ops.user_email_keys AS keys ON users.user_id = keys.user_id
LEFT JOIN raw.employees AS employees
    ON employees.account = :account AND users.netsuite_employee_id = employees.id
LEFT JOIN matching.employee_matches AS matches
    ON matches.account = :account AND employees.id = matches.employee_id AND users.user_id = matches.user_id
LEFT JOIN publish.user_mapping AS published
    ON published.account = :account AND users.user_id = published.user_id
LEFT JOIN addresses ON keys.email_key = addresses.email_key
WHERE users.account = :account;

DELETE FROM publish.user_mapping AS published
WHERE published.account = :account
    AND NOT EXISTS (SELECT FROM mapping_now WHERE mapping_now.user_id = published.user_id);

INSERT INTO publish.user_mapping AS published (
    account, user_id, netsuite_integrated, employee_id, rule, reason, run_id
)
SELECT
    :account,
    mapping_now.user_id,
    mapping_now.netsuite_integrated,
    mapping_now.employee_id,
    mapping_now.rule,
    mapping_now.reason,
    :run_id
FROM mapping_now
LEFT JOIN publish.user_mapping AS known
    ON known.account = :account AND mapping_now.user_id = known.user_id
WHERE known.user_id IS NULL
    OR (mapping_now.employee_id, mapping_now.rule, mapping_now.reason)
    IS DISTINCT FROM (known.employee_id, known.rule, known.reason)
ON CONFLICT (account, user_id) DO UPDATE SET
    netsuite_integrated = excluded.netsuite_integrated,
    employee_id = excluded.employee_id,
    rule = excluded.rule,
    reason = excluded.reason,
    run_id = excluded.run_id,
    mapped_at = excluded.mapped_at;

SELECT
    count(*) FILTER (WHERE netsuite_integrated) AS mapped,
    count(*) FILTER (WHERE NOT netsuite_integrated) AS not_mapped
FROM mapping_now;

DROP TABLE mapping_now;
