-- Conflicts that wait for a person, with the candidates and what speaks for each (B8); of each how many there are in all.
-- Grain: one row per employee in conflict, oldest first; no more than :most, after the first :skip.
SELECT
    conflicts.employee_id,
    concat_ws(' ', employees.first_name, employees.last_name) AS employee_name,
    employees.email AS employee_email,
    conflicts.kind,
    conflicts.reason,
    conflicts.reopened_because,
    conflicts.opened_at,
    conflicts.evidence_hash,
    conflicts.evidence -> 'employees_with_the_address' AS employees_with_the_address,
    candidates.all_of_them AS candidates,
    count(*) OVER () AS found
FROM publish.conflicts AS conflicts
LEFT JOIN raw.employees AS employees
    ON employees.account = :account AND conflicts.employee_id = employees.id
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(to_jsonb(candidate) ORDER BY candidate.email, candidate.user_id), '[]') AS all_of_them
    FROM publish.conflict_candidates AS candidate
    WHERE candidate.account = :account AND candidate.employee_id = conflicts.employee_id
) AS candidates
WHERE conflicts.account = :account
ORDER BY conflicts.opened_at, conflicts.employee_id
LIMIT :most OFFSET :skip;
