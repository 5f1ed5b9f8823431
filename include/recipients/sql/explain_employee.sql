-- Every check of the employees with this internal id or this match key.
-- Grain: one row per employee and check.
SELECT
    employees.id AS employee_id,
    concat_ws(' ', employees.first_name, employees.last_name) AS name,
    explained."check",
    explained.outcome,
    explained.seen,
    explained.who_can_mend
FROM raw.employees AS employees
INNER JOIN publish.employee_explain AS explained
    ON explained.account = :account AND employees.id = explained.employee_id
WHERE employees.account = :account
    AND (
        employees.id = CAST(:employee_id AS bigint)
        OR employees.email_key = CAST(:email_key AS text)
    )
ORDER BY employees.id, explained.number;
