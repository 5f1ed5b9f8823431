-- The cards on top of the page: users, those not mapped with NetSuite (E5), conflicts that wait (B8).
-- Users whom no publish has seen yet count as not mapped. Grain: one row per account that is asked for.
WITH counted AS (
    SELECT
        users.account,
        count(*) AS users,
        count(*) FILTER (WHERE mapping.netsuite_integrated IS NOT TRUE) AS not_mapped
    FROM workflow.users AS users
    LEFT JOIN publish.user_mapping AS mapping USING (account, user_id)
    WHERE users.account = ANY(:accounts)
    GROUP BY users.account
),

waiting AS (
    SELECT
        conflicts.account,
        count(*) AS conflicts
    FROM publish.conflicts AS conflicts
    WHERE conflicts.account = ANY(:accounts)
    GROUP BY conflicts.account
)

SELECT
    asked.account,
    coalesce(counted.users, 0) AS users,
    coalesce(counted.not_mapped, 0) AS not_mapped,
    coalesce(waiting.conflicts, 0) AS conflicts
FROM unnest(CAST(:accounts AS text [])) AS asked (account)
LEFT JOIN counted USING (account)
LEFT JOIN waiting USING (account)
ORDER BY asked.account;
