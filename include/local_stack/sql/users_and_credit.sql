-- What a run's publish did to users, and how many customers' credit is published now.
-- Grain: one row.
SELECT
    coalesce((published.counts ->> 'users_created')::bigint, 0) AS users_created,
    coalesce((published.counts ->> 'users_updated')::bigint, 0) AS users_updated,
    (SELECT count(*) FROM workflow.users AS users WHERE users.account = :account) AS users,
    (SELECT count(*) FROM publish.customer_credit AS credit WHERE credit.account = :account) AS credit_rows
FROM ops.sync_steps AS published
WHERE
    published.account = :account
    AND published.run_id = :run_id
    AND published.entity = 'run'
    AND published.step = 'publish';
