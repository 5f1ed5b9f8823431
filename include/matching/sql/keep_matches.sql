-- Step 5 of matching: bring matching.employee_matches to the verdicts; rows that stay the same are not touched.
DELETE FROM matching.employee_matches AS matches
WHERE matches.account = :account
    AND NOT EXISTS (SELECT FROM employee_verdicts AS verdicts WHERE verdicts.employee_id = matches.employee_id);

INSERT INTO matching.employee_matches AS matches (
    account, employee_id, verdict, user_id, reason, is_active, email_address, email_key, display_name, finding,
    address_is_blocked, run_id
)
SELECT
    :account,
    verdicts.employee_id,
    verdicts.verdict,
    verdicts.user_id,
    verdicts.reason,
    verdicts.is_active,
    verdicts.email_address,
    verdicts.email_key,
    verdicts.display_name,
    verdicts.finding,
    verdicts.address_is_blocked,
    :run_id
FROM employee_verdicts AS verdicts
LEFT JOIN matching.employee_matches AS kept
    ON kept.account = :account AND verdicts.employee_id = kept.employee_id
WHERE kept.employee_id IS NULL
    OR (
        verdicts.verdict, verdicts.user_id, verdicts.reason, verdicts.is_active,
        verdicts.email_address, verdicts.email_key, verdicts.display_name, verdicts.finding, verdicts.address_is_blocked
    ) IS DISTINCT FROM (
        kept.verdict, kept.user_id, kept.reason, kept.is_active,
        kept.email_address, kept.email_key, kept.display_name, kept.finding, kept.address_is_blocked
    )
ON CONFLICT (account, employee_id) DO UPDATE SET
    verdict = excluded.verdict,
    user_id = excluded.user_id,
    reason = excluded.reason,
    is_active = excluded.is_active,
    email_address = excluded.email_address,
    email_key = excluded.email_key,
    display_name = excluded.display_name,
    finding = excluded.finding,
    address_is_blocked = excluded.address_is_blocked,
    run_id = excluded.run_id;

SELECT
    verdict,
    count(*) AS employees
FROM employee_verdicts
GROUP BY verdict;

DROP TABLE employee_verdicts, user_addresses, human_verdicts, named_employees;
