-- Step 1 of publishing: the users.
-- A verdict may move a link to another user, and so free an employee whom the rules then match anew: who lost a link comes
-- first, since an employee has one user at a time.
UPDATE workflow.users AS users
SET
    netsuite_employee_id = NULL,
    updated_at = now()
FROM matching.employee_matches AS matches
WHERE matches.account = :account
    AND (matches.finding IN ('human_verdict', 'decided_none') OR matches.verdict = 'same_email')
    AND users.account = :account
    AND users.netsuite_employee_id = matches.employee_id
    AND users.user_id IS DISTINCT FROM matches.user_id;

-- Then the linked users: who is linked now gets the employee's id (O4); in user mode import the address and the name follow
-- while the employee is active and no other user has the address (D3). role and is_active are never touched (O5), nor is origin.
UPDATE workflow.users AS users
SET
    netsuite_employee_id = after_run.employee_id,
    email = after_run.email,
    display_name = after_run.display_name,
    updated_at = now()
FROM (
    SELECT
        matches.user_id,
        matches.employee_id,
        CASE WHEN follows.really THEN coalesce(matches.email_address, present.email) ELSE present.email END AS email,
        CASE WHEN follows.really THEN coalesce(matches.display_name, present.display_name) ELSE present.display_name END
            AS display_name
    FROM matching.employee_matches AS matches
    INNER JOIN workflow.users AS present ON matches.user_id = present.user_id
    CROSS JOIN LATERAL (
        SELECT :user_mode = 'import' AND matches.is_active AND NOT matches.address_is_blocked AS really
    ) AS follows
    WHERE matches.account = :account AND matches.verdict IN ('linked', 'same_email')
) AS after_run
WHERE users.user_id = after_run.user_id
    AND (users.netsuite_employee_id, users.email, users.display_name)
    IS DISTINCT FROM (after_run.employee_id, after_run.email, after_run.display_name);

-- New users are active viewers (O5), as the table makes them: the sync has no right to say otherwise. There are verdicts
-- new_user in user mode import only.
INSERT INTO workflow.users (account, email, display_name, netsuite_employee_id, origin)
SELECT
    account,
    email_address,
    display_name,
    employee_id,
    'netsuite_import'
FROM matching.employee_matches
WHERE account = :account AND verdict = 'new_user';
