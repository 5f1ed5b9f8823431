-- Verdicts in force, or about to be, that say that a user is another employee. Grain: one row per such employee.
SELECT
    verdicts.employee_id,
    verdicts.given_by
FROM matching.latest_verdicts AS verdicts
INNER JOIN matching.cases AS cases
    ON verdicts.account = cases.account AND verdicts.employee_id = cases.employee_id
WHERE verdicts.account = :account
    AND verdicts.employee_id <> :employee_id
    AND verdicts.decision = 'user'
    AND verdicts.user_id = :user_id
    AND verdicts.evidence_hash = cases.evidence_hash
ORDER BY verdicts.employee_id;
