-- Step 4 of matching: which user each considered employee is.
-- Grain: one row per row of named_employees.
-- Order of identity (D1): the verdict of a person whose evidence is unchanged; else the user who holds the employee's id; else the one who has exactly the employee's address,
-- unique among the active employees (all of the account, named by an invoice or not) and among the active users (D2);
-- where only inactive users have the address, the one, if there is one only. Otherwise a conflict.
--
-- Decided here:
-- - A link once made stays: a linked employee stays matched when inactive or deleted (D4), without a valid address, and
--   when a second active employee turns up with the same address (that second one is the conflict).
-- - The user found by address is linked to ANOTHER employee: a conflict, since id and address point at different people
--   and the last good link stays (D1). One exception: the other record is inactive or deleted and still has this same
--   address. Then it is the inactive duplicate of D2, the same person, and the link moves to the active record. (Were
--   the other record active, the two would share an address, which is a conflict before anyone looks at users.)
-- - Inactive and deleted employees, and those without a valid address, are never linked anew and never cause a user
--   (O7, D4).
-- - A link that a verdict made is in doubt once the verdict's evidence has changed or it was withdrawn. Where the rules,
--   with nothing but the addresses, point at the very same user, it stays without a word; otherwise the conflict is back,
--   and so it is where they point at a user who was among the candidates and was not chosen.
CREATE TEMP TABLE employee_verdicts ON COMMIT DROP AS
WITH active_employees AS (
    SELECT
        email_key,
        count(*) AS employees
    FROM raw.employees
    WHERE account = :account AND deleted_at IS NULL AND is_inactive IS NOT TRUE AND email_key IS NOT NULL
    GROUP BY email_key
),

holders AS (
    SELECT
        key_after AS email_key,
        count(*) AS users,
        count(*) FILTER (WHERE is_active) AS active_users,
        (array_agg(user_id ORDER BY is_active DESC))[1] AS user_id
    FROM user_addresses
    WHERE key_after IS NOT NULL
    GROUP BY key_after
),

judged AS (
    SELECT
        employees.employee_id,
        employees.is_active,
        employees.email_address,
        employees.email_key,
        employees.display_name,
        employees.linked_user_id,
        coalesce(employees.linked_user_id IS NOT NULL AND linked.blocked, false) AS address_is_blocked,
        given.given_by,
        given.given_at,
        holders.user_id AS found_user_id,
        found.netsuite_employee_id AS found_employee_id,
        CASE
            WHEN given.holds AND given.user_id IS NULL THEN 'decided_none'
            WHEN given.holds THEN 'human_verdict'
            WHEN given.is_doubtful AND employees.linked_user_id = given.user_id
                AND employees.is_active AND employees.email_key IS NOT NULL
                AND (
                    linked.blocked
                    OR active_employees.employees > 1
                    OR holders.user_id IS DISTINCT FROM given.user_id
                    OR holders.active_users > 1
                    OR (holders.active_users = 0 AND holders.users > 1)
                )
                THEN 'verdict_outdated'
            WHEN employees.linked_user_id IS NOT NULL AND linked.blocked THEN 'address_taken'
            WHEN employees.linked_user_id IS NOT NULL THEN 'linked_id'
            WHEN employees.is_deleted THEN 'deleted'
            WHEN NOT employees.is_active THEN 'inactive'
            WHEN employees.email_is_missing THEN 'no_address'
            WHEN employees.email_key IS NULL THEN 'bad_address'
            WHEN active_employees.employees > 1 THEN 'shared_address'
            WHEN holders.user_id IS NULL AND :user_mode = 'import' THEN 'new_user'
            WHEN holders.user_id IS NULL THEN 'unknown_address'
            WHEN holders.active_users > 1 OR (holders.active_users = 0 AND holders.users > 1) THEN 'several_users'
            WHEN found.netsuite_employee_id IS NOT NULL AND duplicates.id IS NULL THEN 'another_employee'
            WHEN holders.user_id = ANY (given.not_chosen) THEN 'verdict_outdated'
            ELSE 'same_email'
        END AS finding
    FROM named_employees AS employees
    LEFT JOIN human_verdicts AS given ON employees.employee_id = given.employee_id
    LEFT JOIN user_addresses AS linked ON employees.linked_user_id = linked.user_id
    LEFT JOIN active_employees ON employees.email_key = active_employees.email_key
    LEFT JOIN holders ON employees.email_key = holders.email_key
    LEFT JOIN user_addresses AS found ON holders.user_id = found.user_id
    LEFT JOIN raw.employees AS duplicates
        ON duplicates.account = :account
        AND found.netsuite_employee_id = duplicates.id
        AND employees.email_key = duplicates.email_key
),

settled AS (
    SELECT
        judged.employee_id,
        judged.is_active,
        judged.email_address,
        judged.email_key,
        judged.display_name,
        judged.found_employee_id,
        judged.address_is_blocked,
        judged.given_by,
        judged.given_at,
        CASE WHEN heirs.employee_id IS NULL THEN judged.finding ELSE 'replaced' END AS finding,
        CASE
            WHEN heirs.employee_id IS NOT NULL THEN NULL
            WHEN judged.finding = 'same_email' THEN judged.found_user_id
            ELSE judged.linked_user_id
        END AS user_id,
        heirs.employee_id AS heir_id
    FROM judged
    LEFT JOIN judged AS heirs ON heirs.finding = 'same_email' AND judged.linked_user_id = heirs.found_user_id
)

SELECT
    employee_id,
    is_active,
    email_address,
    email_key,
    display_name,
    user_id,
    finding,
    address_is_blocked,
    CASE
        WHEN finding IN ('linked_id', 'human_verdict') THEN 'linked'
        WHEN finding IN ('same_email', 'new_user') THEN finding
        WHEN
            finding IN ('address_taken', 'shared_address', 'several_users', 'another_employee', 'verdict_outdated')
            THEN 'conflict'
        ELSE 'no_user'
    END AS verdict,
    CASE finding
        WHEN 'address_taken'
            THEN format(
                'The employee''s address is %s, but another user has it or is to get it; the link to the user stays.', email_address
            )
        WHEN 'shared_address' THEN format('Two or more active employees have the address %s.', email_address)
        WHEN 'several_users' THEN format('Two or more users have the address %s.', email_address)
        WHEN 'another_employee'
            THEN format('The user with the address %s is linked to employee %s.', email_address, found_employee_id)
        WHEN 'verdict_outdated'
            THEN format(
                '%s decided on %s, but that no longer holds; a link to a user stays until a person decides again.',
                given_by,
                to_char(given_at, 'YYYY-MM-DD')
            )
        WHEN 'decided_none'
            THEN format('%s decided on %s that the employee is none of the users.', given_by, to_char(given_at, 'YYYY-MM-DD'))
        WHEN 'deleted' THEN 'The employee is deleted in NetSuite.'
        WHEN 'inactive' THEN 'The employee is inactive in NetSuite.'
        WHEN 'replaced' THEN format('The active employee %s has the same address and took over the user.', heir_id)
        WHEN 'no_address' THEN 'The employee''s record holds no e-mail address.'
        WHEN 'bad_address' THEN 'The e-mail address on the employee''s record is not valid.'
        WHEN 'unknown_address' THEN format('No user has the address %s, and this account only matches.', email_address)
    END AS reason
FROM settled;
