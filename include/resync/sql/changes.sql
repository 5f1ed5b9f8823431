-- What the rehearsal has changed, by comparison with before.

-- Grain: one row per kind of change, owner field and status before and after.
WITH changed AS (
    SELECT
        invoice_id,
        owner_field,
        before.status AS status_before,
        after_.status AS status_after,
        CASE
            WHEN before.status IS NULL THEN 'comes'
            WHEN after_.status IS NULL THEN 'goes'
            ELSE 'changes'
        END AS change,
        coalesce(after_.invoice_number, before.invoice_number, CAST(invoice_id AS text)) AS what,
        concat_ws(' ', before.status, before.email) AS before,
        concat_ws(' ', after_.status, after_.email) AS after
    FROM recipients_before AS before
    FULL JOIN (SELECT * FROM publish.recipients WHERE account = :account) AS after_ USING (invoice_id, owner_field)
    WHERE (before.invoice_number, before.employee_id, before.user_id, before.email, before.status)
        IS DISTINCT FROM
        (after_.invoice_number, after_.employee_id, after_.user_id, after_.email, after_.status)
),

numbered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY change, owner_field, status_before, status_after ORDER BY invoice_id
        ) AS number
    FROM changed
)

SELECT
    'recipients' AS subject,
    change,
    owner_field,
    status_before,
    status_after,
    count(*) AS rows,
    jsonb_agg(
        jsonb_build_object('what', what, 'before', nullif(before, ''), 'after', nullif(after, '')) ORDER BY number
    ) FILTER (WHERE number <= :examples) AS examples
FROM numbered
GROUP BY change, owner_field, status_before, status_after
ORDER BY rows DESC, change, owner_field, status_before, status_after;

-- Grain: one row per kind of change. A new user has another user_id when the run is really published.
WITH changed AS (
    SELECT
        CASE
            WHEN before.user_id IS NULL THEN 'comes'
            WHEN after_.user_id IS NULL THEN 'goes'
            ELSE 'changes'
        END AS change,
        coalesce(before.email, after_.email) AS what,
        CASE
            WHEN before.user_id IS NOT NULL
                THEN concat_ws(', ', before.email, before.display_name, 'employee ' || before.netsuite_employee_id)
        END AS before,
        CASE
            WHEN after_.user_id IS NOT NULL
                THEN concat_ws(', ', after_.email, after_.display_name, 'employee ' || after_.netsuite_employee_id)
        END AS after
    FROM users_before AS before
    FULL JOIN (SELECT * FROM workflow.users WHERE account = :account) AS after_ USING (user_id)
    WHERE before.user_id IS NULL
        OR after_.user_id IS NULL
        OR (before.email, before.display_name, before.netsuite_employee_id)
        IS DISTINCT FROM
        (after_.email, after_.display_name, after_.netsuite_employee_id)
),

numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY change ORDER BY what) AS number
    FROM changed
)

SELECT
    'users' AS subject,
    change,
    CAST(NULL AS text) AS owner_field,
    CAST(NULL AS text) AS status_before,
    CAST(NULL AS text) AS status_after,
    count(*) AS rows,
    jsonb_agg(jsonb_build_object('what', what, 'before', before, 'after', after) ORDER BY number)
        FILTER (WHERE number <= :examples) AS examples
FROM numbered
GROUP BY change
ORDER BY change;
