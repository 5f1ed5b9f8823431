-- Step 3 of matching: which address every user of the account will have after this run (D3).
-- Grain: one row per user. netsuite_employee_id: the link once verdicts that hold are in effect.
-- In user mode import a linked user follows its employee, while that one is active and has a valid address.
-- wanted_key: the match key to follow to, where it differs from the user's; null otherwise.
-- blocked: the user can't follow, which is a conflict: the link stays as it is, and the case is shown. Blocked is
--   1. who wants a key that another user keeps, be that one active or not;
--   2. who wants a key that another one wants too;
--   3. who wants a key that stays with its holder because that one is blocked;
--   4. who is linked by a verdict whose evidence has changed.
-- So people who swap addresses in one run all follow, since everyone leaves what the next one wants.
-- In user mode match_only nobody's address moves: a linked employee whose address another user holds is a conflict.
-- key_after: the match key that the user has when this run is published.
CREATE TEMP TABLE user_addresses ON COMMIT DROP AS
WITH RECURSIVE users AS (
    SELECT
        users.user_id,
        users.is_active,
        CASE
            WHEN decided.employee_id IS NOT NULL THEN decided.employee_id
            WHEN moved.employee_id IS NULL THEN users.netsuite_employee_id
        END AS netsuite_employee_id,
        keys.email_key,
        coalesce(doubted.is_doubtful, false) AS is_doubtful,
        CASE WHEN employees.email_key IS DISTINCT FROM keys.email_key THEN employees.email_key END AS wanted_key
    FROM workflow.users AS users
    LEFT JOIN ops.user_email_keys AS keys
        ON users.user_id = keys.user_id
    LEFT JOIN named_employees AS employees
        ON users.user_id = employees.linked_user_id AND employees.is_active
    LEFT JOIN human_verdicts AS decided
        ON users.user_id = decided.user_id AND decided.holds
    LEFT JOIN human_verdicts AS moved
        ON users.netsuite_employee_id = moved.employee_id AND moved.holds
    LEFT JOIN human_verdicts AS doubted
        ON employees.employee_id = doubted.employee_id AND users.user_id = doubted.user_id
    WHERE users.account = :account
),

movers AS (
    SELECT
        user_id,
        email_key,
        wanted_key,
        is_doubtful,
        count(*) OVER (PARTITION BY wanted_key) AS wanted_by
    FROM users
    WHERE wanted_key IS NOT NULL
),

kept AS (
    SELECT email_key
    FROM users
    WHERE wanted_key IS NULL OR :user_mode <> 'import'
),

blocked AS (
    SELECT
        movers.user_id,
        movers.email_key
    FROM movers
    WHERE movers.wanted_by > 1
        OR movers.is_doubtful
        OR movers.wanted_key IN (SELECT kept.email_key FROM kept WHERE kept.email_key IS NOT NULL)
    UNION
    SELECT
        movers.user_id,
        movers.email_key
    FROM blocked
    INNER JOIN movers ON blocked.email_key = movers.wanted_key
)

SELECT
    users.user_id,
    users.is_active,
    users.netsuite_employee_id,
    blocked.user_id IS NOT NULL AS blocked,
    CASE
        WHEN :user_mode = 'import' AND blocked.user_id IS NULL THEN coalesce(users.wanted_key, users.email_key)
        ELSE users.email_key
    END AS key_after
FROM users
LEFT JOIN blocked ON users.user_id = blocked.user_id;

ANALYZE user_addresses;
