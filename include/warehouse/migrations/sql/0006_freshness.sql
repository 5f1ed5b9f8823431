-- What each publish was made from, and how fresh and complete every published table is by that.

CREATE TABLE ops.publications (
    account text NOT NULL,
    entity text NOT NULL,
    complete_up_to timestamptz NOT NULL,
    run_id text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, entity)
);
COMMENT ON TABLE ops.publications IS 'How far each entity had been read when the account was published last. Grain: one row per account and entity, written in the transaction that publishes.';
COMMENT ON COLUMN ops.publications.account IS 'Name of the account file.';
COMMENT ON COLUMN ops.publications.entity IS 'Name of the entity: invoices, employees, customers, terms or deletions.';
COMMENT ON COLUMN ops.publications.complete_up_to IS 'The entity''s watermark in the snapshot that was published: every change before this instant of NetSuite''s clock is in it, or in quarantine.';
COMMENT ON COLUMN ops.publications.run_id IS 'The run in ops.sync_runs that published last.';
COMMENT ON COLUMN ops.publications.published_at IS 'When that was.';

-- What stands published already is of the account's last run that succeeded, and complete up to its fence at least.
INSERT INTO ops.publications (account, entity, complete_up_to, run_id, published_at)
SELECT
    last_runs.account,
    entity.name,
    last_runs.cutoff_at,
    last_runs.run_id,
    last_runs.finished_at
FROM (
    SELECT DISTINCT ON (account) account, run_id, cutoff_at, finished_at, windows
    FROM ops.sync_runs
    WHERE state = 'success' AND dag_id LIKE 'netsuite\_sync\_\_%'
    ORDER BY account, finished_at DESC
) AS last_runs
CROSS JOIN LATERAL jsonb_object_keys(last_runs.windows) AS entity (name);

-- Grain: one row per account and published table.
CREATE VIEW publish.freshness AS
WITH made_of (table_name, entity) AS (
    VALUES
    ('publish.customer_credit', 'customers'),
    ('publish.customer_credit', 'terms'),
    ('publish.customer_credit', 'deletions'),
    ('publish.recipients', 'invoices'),
    ('publish.recipients', 'employees'),
    ('publish.recipients', 'deletions'),
    ('workflow.users', 'invoices'),
    ('workflow.users', 'employees'),
    ('workflow.users', 'deletions')
),

last_reconciliations AS (
    SELECT DISTINCT ON (account, entity)
        account,
        entity,
        compared_at,
        lost + changed + deleted_silently AS differences,
        lost + changed + deleted_silently - repaired AS open_differences
    FROM ops.reconciliations
    ORDER BY account, entity, compared_at DESC
),

quarantined AS (
    SELECT account, entity, count(*) AS open_rows
    FROM quarantine.rows
    WHERE resolved_at IS NULL
    GROUP BY account, entity
)

SELECT
    publications.account,
    made_of.table_name,
    min(publications.complete_up_to) AS complete_up_to,
    now() - min(publications.complete_up_to) AS age,
    max(publications.published_at) AS last_published_at,
    (array_agg(publications.run_id ORDER BY publications.published_at DESC))[1] AS run_id,
    -- Deletions are reports about the others, which are compared without them.
    CASE
        WHEN bool_and(made_of.entity = 'deletions' OR last_reconciliations.compared_at IS NOT NULL)
            THEN min(last_reconciliations.compared_at)
    END AS last_reconciled_at,
    CAST(sum(last_reconciliations.differences) AS bigint) AS differences,
    CAST(sum(last_reconciliations.open_differences) AS bigint) AS open_differences,
    CAST(coalesce(sum(quarantined.open_rows), 0) AS bigint) AS open_quarantine
FROM made_of
INNER JOIN ops.publications AS publications USING (entity)
LEFT JOIN last_reconciliations USING (account, entity)
LEFT JOIN quarantined USING (account, entity)
GROUP BY publications.account, made_of.table_name;
COMMENT ON VIEW publish.freshness IS 'How fresh and how complete each published table is. Grain: one row per account and published table; none before the account was first published.';
COMMENT ON COLUMN publish.freshness.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.freshness.table_name IS 'publish.recipients, publish.customer_credit or workflow.users.';
COMMENT ON COLUMN publish.freshness.complete_up_to IS 'Least of the instants (NetSuite''s clock) up to which the entities that the table is made of had been read when it was published: every change before it is in the table, or its record in quarantine.';
COMMENT ON COLUMN publish.freshness.age IS 'How long ago that was, by the warehouse''s clock.';
COMMENT ON COLUMN publish.freshness.last_published_at IS 'When a run published last, whether or not a row changed.';
COMMENT ON COLUMN publish.freshness.run_id IS 'That run in ops.sync_runs; the run_id of a row is the run that changed the row.';
COMMENT ON COLUMN publish.freshness.last_reconciled_at IS 'Since when each of its entities has been compared with NetSuite: the least of their last comparisons. Null: one never was.';
COMMENT ON COLUMN publish.freshness.differences IS 'Records of its entities that their last comparisons found to differ; null: never compared.';
COMMENT ON COLUMN publish.freshness.open_differences IS 'Those among them that were not repaired; null: never compared.';
COMMENT ON COLUMN publish.freshness.open_quarantine IS 'Records of its entities that wait in quarantine: the table lacks them, or holds them as they were before.';
