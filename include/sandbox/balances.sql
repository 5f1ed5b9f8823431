-- Customers owe what their open invoices add up to; those in :fixed keep a balance of their own, and so do broken ones.
-- :today is the data day as seconds, :day the seconds of a day. One row per customer with open invoices.
UPDATE customer
SET
    balancesearch = owed.total,
    consolbalancesearch = owed.total,
    overduebalancesearch = owed.overdue,
    consoloverduebalancesearch = owed.overdue,
    daysoverduesearch = owed.days,
    consoldaysoverduesearch = owed.days
FROM (
    SELECT
        entity,
        round(sum(foreignamountunpaid), 2) AS total,
        round(sum(CASE WHEN duedate < :today THEN foreignamountunpaid ELSE 0 END), 2) AS overdue,
        max((:today - duedate) / :day, 0) AS days
    FROM (
        SELECT entity, foreignamountunpaid, min(duedate) OVER (PARTITION BY entity) AS duedate
        FROM "transaction"
        WHERE type = 'CustInvc' AND foreignamountunpaid > 0
    )
    GROUP BY entity
) AS owed
WHERE
    owed.entity = customer.id
    AND typeof(customer.balancesearch) <> 'text'
    AND customer.id NOT IN (SELECT value FROM json_each(:fixed))
