-- Step 2 of matching: what people have decided (B8), and whether it holds for the evidence as it is now.
-- Grain: one row per considered employee whose newest verdict is known.
-- holds: the verdict stands and its evidence is unchanged. user_id: the user that was decided; null: none.
-- is_doubtful: it does not hold, and the link to user_id would not be there without it.
-- not_chosen: of a verdict that does not hold, the candidates that the person did not choose.
CREATE TEMP TABLE human_verdicts ON COMMIT DROP AS
SELECT DISTINCT ON (coalesce(judged.claimed_user_id::text, judged.employee_id::text))
    judged.employee_id,
    judged.user_id,
    judged.given_by,
    judged.given_at,
    judged.holds,
    NOT judged.holds AND judged.made_link AS is_doubtful,
    CASE WHEN NOT judged.holds THEN judged.not_chosen END AS not_chosen
FROM (
    SELECT
        verdicts.employee_id,
        verdicts.verdict_id,
        verdicts.user_id,
        verdicts.given_by,
        verdicts.given_at,
        standing.holds,
        -- Of two verdicts that hold and name one user, the newer one counts.
        CASE WHEN standing.holds THEN verdicts.user_id END AS claimed_user_id,
        verdicts.user_id IS NOT NULL AND verdicts.linked_user_id IS DISTINCT FROM verdicts.user_id AS made_link,
        CASE WHEN verdicts.decision <> 'withdrawn' THEN candidates.not_chosen END AS not_chosen
    FROM matching.latest_verdicts AS verdicts
    INNER JOIN named_employees AS employees ON verdicts.employee_id = employees.employee_id
    INNER JOIN matching.cases AS cases
        ON verdicts.account = cases.account AND verdicts.employee_id = cases.employee_id
    CROSS JOIN LATERAL (
        SELECT verdicts.decision <> 'withdrawn' AND verdicts.evidence_hash = cases.evidence_hash AS holds
    ) AS standing
    CROSS JOIN LATERAL (
        SELECT array_agg(candidate.user_id) AS not_chosen
        FROM jsonb_to_recordset(verdicts.evidence -> 'candidates') AS candidate (user_id uuid)
        WHERE candidate.user_id IS DISTINCT FROM verdicts.user_id
    ) AS candidates
    WHERE verdicts.account = :account
) AS judged
ORDER BY coalesce(judged.claimed_user_id::text, judged.employee_id::text) ASC, judged.verdict_id DESC;

-- The links as they are once those verdicts are in effect: an employee has one user, and a user one employee.
UPDATE named_employees AS employees
SET linked_user_id = NULL
FROM human_verdicts AS verdicts
WHERE verdicts.holds
    AND (employees.linked_user_id = verdicts.user_id OR employees.employee_id = verdicts.employee_id);

UPDATE named_employees AS employees
SET linked_user_id = verdicts.user_id
FROM human_verdicts AS verdicts
WHERE verdicts.holds AND employees.employee_id = verdicts.employee_id;

ANALYZE human_verdicts;
