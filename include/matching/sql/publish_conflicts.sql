-- Publish what waits for a person (B8). Grain: one row per employee in conflict; rows that stay the same stay untouched.
-- Comes after the users are written and their keys computed, so that the evidence is what the next match will find.
CREATE TEMP TABLE conflicts_now ON COMMIT DROP AS
SELECT
    matches.employee_id,
    matches.finding AS kind,
    matches.reason,
    matches.user_id,
    cases.evidence,
    cases.evidence_hash,
    verdicts.verdict_id AS reopened_verdict_id,
    CASE
        WHEN verdicts.verdict_id IS NULL THEN NULL
        WHEN verdicts.decision = 'withdrawn' THEN format('%s took the verdict back.', verdicts.given_by)
        ELSE
            concat_ws(
                ' ',
                format('The verdict of %s no longer holds.', verdicts.given_by),
                CASE
                    WHEN cases.evidence -> 'employee' <> verdicts.evidence -> 'employee'
                        THEN format(
                            'The employee was %s and is %s.',
                            verdicts.evidence -> 'employee',
                            cases.evidence -> 'employee'
                        )
                END,
                CASE
                    WHEN
                        cases.evidence -> 'employees_with_the_address'
                        <> verdicts.evidence -> 'employees_with_the_address'
                        THEN format(
                            'Active employees with the address were %s and are %s.',
                            verdicts.evidence -> 'employees_with_the_address',
                            cases.evidence -> 'employees_with_the_address'
                        )
                END,
                CASE
                    WHEN cases.evidence -> 'candidates' <> verdicts.evidence -> 'candidates'
                        THEN format(
                            'The candidates were %s and are %s.',
                            verdicts.evidence -> 'candidates',
                            cases.evidence -> 'candidates'
                        )
                END
            )
    END AS reopened_because
FROM matching.employee_matches AS matches
INNER JOIN matching.cases AS cases
    ON cases.account = :account AND matches.employee_id = cases.employee_id
LEFT JOIN matching.latest_verdicts AS verdicts
    ON verdicts.account = :account AND matches.employee_id = verdicts.employee_id
WHERE matches.account = :account AND matches.verdict = 'conflict';

DELETE FROM publish.conflicts AS published
WHERE published.account = :account
    AND NOT EXISTS (SELECT FROM conflicts_now WHERE conflicts_now.employee_id = published.employee_id);

UPDATE publish.conflicts AS published
SET
    kind = conflicts_now.kind,
    reason = conflicts_now.reason,
    user_id = conflicts_now.user_id,
    evidence = conflicts_now.evidence,
    evidence_hash = conflicts_now.evidence_hash,
    reopened_verdict_id = conflicts_now.reopened_verdict_id,
    reopened_because = conflicts_now.reopened_because,
    run_id = :run_id
FROM conflicts_now
WHERE published.account = :account
    AND published.employee_id = conflicts_now.employee_id
    AND (
        published.kind, published.reason, published.user_id, published.evidence_hash,
        published.reopened_verdict_id, published.reopened_because
    ) IS DISTINCT FROM (
        conflicts_now.kind, conflicts_now.reason, conflicts_now.user_id, conflicts_now.evidence_hash,
        conflicts_now.reopened_verdict_id, conflicts_now.reopened_because
    );

INSERT INTO publish.conflicts (
    account, employee_id, kind, reason, user_id, evidence, evidence_hash, reopened_verdict_id, reopened_because,
    opened_in_run, run_id
)
SELECT
    :account,
    employee_id,
    kind,
    reason,
    user_id,
    evidence,
    evidence_hash,
    reopened_verdict_id,
    reopened_because,
    :run_id,
    :run_id
FROM conflicts_now
WHERE NOT EXISTS (
    SELECT FROM publish.conflicts AS published
    WHERE published.account = :account AND published.employee_id = conflicts_now.employee_id
);

SELECT count(*) AS open_now FROM conflicts_now;

DROP TABLE conflicts_now;
