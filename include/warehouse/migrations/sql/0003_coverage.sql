-- The coverage ledger: which part of the time each run has read of each entity, and what that adds up to.

COMMENT ON SCHEMA ops IS 'The run ledger, the coverage ledger and the watermarks.';

ALTER TABLE ops.sync_runs ADD COLUMN covers_from jsonb;
COMMENT ON COLUMN ops.sync_runs.covers_from IS 'Per entity, the instant at which the run''s window in ops.extraction_windows begins (null: the beginning); windows holds the instant from which it is read, the overlap before that. Null as a whole: the run has not passed the fence, or did so before windows were recorded.';

CREATE TABLE ops.extraction_windows (
    account text NOT NULL,
    entity text NOT NULL,
    run_id text NOT NULL,
    window_from timestamptz,
    window_to timestamptz NOT NULL,
    read_from timestamptz,
    rows_read bigint NOT NULL,
    rows_loaded bigint NOT NULL,
    rows_quarantined bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, entity, run_id),
    CHECK (read_from <= window_from),
    CHECK (window_from <= window_to),
    CHECK ((read_from IS NULL) = (window_from IS NULL)),
    CHECK (rows_read = rows_loaded + rows_quarantined)
);
COMMENT ON TABLE ops.extraction_windows IS 'The coverage ledger. Grain: one row per account, entity and run that loaded the entity, written in the transaction that loads the rows and moves the watermark. The windows of an entity leave no gap between them, and their union ends at the watermark.';
COMMENT ON COLUMN ops.extraction_windows.account IS 'Name of the account file.';
COMMENT ON COLUMN ops.extraction_windows.entity IS 'Name of the entity: invoices, employees, customers, terms or deletions.';
COMMENT ON COLUMN ops.extraction_windows.run_id IS 'Airflow''s id of the DAG run.';
COMMENT ON COLUMN ops.extraction_windows.window_from IS 'Begin of the window (inclusive): the watermark at the fence, or the cut-off where NetSuite''s clock has gone back. Null: the beginning (a full read).';
COMMENT ON COLUMN ops.extraction_windows.window_to IS 'End of the window (exclusive): the run''s cut-off on NetSuite''s clock.';
COMMENT ON COLUMN ops.extraction_windows.read_from IS 'From where NetSuite was really asked: window_from less the overlap, which finds commits that came late. Null: the beginning.';
COMMENT ON COLUMN ops.extraction_windows.rows_read IS 'Rows that NetSuite gave for [read_from, window_to).';
COMMENT ON COLUMN ops.extraction_windows.rows_loaded IS 'Good rows among them: raw holds each of them, or a newer version.';
COMMENT ON COLUMN ops.extraction_windows.rows_quarantined IS 'Bad rows among them.';
COMMENT ON COLUMN ops.extraction_windows.recorded_at IS 'When they were loaded, by the warehouse''s clock.';

-- Runs that have loaded already. What they read anew is not known apart from the overlap: the window is all of it.
-- Only deletions were never read from the beginning: their first read went back one day.
INSERT INTO ops.extraction_windows (
    account, entity, run_id, window_from, window_to, read_from, rows_read, rows_loaded, rows_quarantined, recorded_at
)
SELECT
    runs.account,
    entity.key,
    runs.run_id,
    start.read_from,
    runs.cutoff_at,
    start.read_from,
    load.rows + load.quarantined,
    load.rows,
    load.quarantined,
    load.finished_at
FROM ops.sync_runs AS runs
CROSS JOIN LATERAL jsonb_each(runs.counts) AS entity
CROSS JOIN LATERAL jsonb_to_record(entity.value -> 'load') AS load (
    committed boolean,
    finished_at timestamptz,
    quarantined bigint,
    rows bigint
)
CROSS JOIN LATERAL (
    SELECT
        coalesce(
            CAST(runs.windows ->> entity.key AS timestamptz),
            CASE WHEN entity.key = 'deletions' THEN runs.cutoff_at - interval '1 day' END
        ) AS read_from
) AS start
WHERE load.committed
    AND coalesce(start.read_from <= runs.cutoff_at, true);

-- Grain: one row per account and entity that a run has meant to read.
CREATE VIEW publish.coverage AS
WITH entities AS (
    SELECT DISTINCT
        runs.account,
        entity.name AS entity
    FROM ops.sync_runs AS runs
    CROSS JOIN LATERAL jsonb_object_keys(runs.windows) AS entity (name)
),

-- The windows as spans without a gap: exactly one, if nothing is missing.
covered AS (
    SELECT
        account,
        entity,
        range_agg(tstzrange(window_from, window_to)) AS spans
    FROM ops.extraction_windows
    GROUP BY account, entity
),

live AS (
    SELECT account, 'customers' AS entity, count(*) AS live_rows FROM raw.customers WHERE deleted_at IS NULL GROUP BY account
    UNION ALL
    SELECT account, 'employees', count(*) FROM raw.employees WHERE deleted_at IS NULL GROUP BY account
    UNION ALL
    SELECT account, 'invoices', count(*) FROM raw.invoices WHERE deleted_at IS NULL GROUP BY account
    UNION ALL
    SELECT account, 'terms', count(*) FROM raw.terms WHERE deleted_at IS NULL GROUP BY account
),

quarantined AS (
    SELECT account, entity, count(*) AS open_quarantine
    FROM quarantine.rows
    WHERE resolved_at IS NULL
    GROUP BY account, entity
),

last_runs AS (
    SELECT DISTINCT ON (account) account, run_id, state
    FROM ops.sync_runs
    WHERE dag_id LIKE 'netsuite\_sync\_\_%'
    ORDER BY account, started_at DESC, run_id DESC
),

last_reconciled AS (
    SELECT account, entity, max(compared_at) AS last_reconciled_at
    FROM ops.reconciliations
    GROUP BY account, entity
)

SELECT
    entities.account,
    entities.entity,
    watermarks.read_up_to AS fresh_up_to,
    now() - watermarks.read_up_to AS age,
    last_span.covered_from,
    coalesce(
        (SELECT count(*) FROM unnest(covered.spans)) = 1 AND upper(covered.spans) = watermarks.read_up_to,
        false
    ) AS without_gap,
    CASE WHEN entities.entity <> 'deletions' THEN coalesce(live.live_rows, 0) END AS live_rows,
    coalesce(quarantined.open_quarantine, 0) AS open_quarantine,
    last_runs.run_id AS last_run_id,
    last_runs.state AS last_run_state,
    last_reconciled.last_reconciled_at
FROM entities
LEFT JOIN ops.watermarks AS watermarks USING (account, entity)
LEFT JOIN covered USING (account, entity)
LEFT JOIN LATERAL (
    SELECT lower(span) AS covered_from
    FROM unnest(covered.spans) AS span
    ORDER BY span DESC
    LIMIT 1
) AS last_span ON true
LEFT JOIN live USING (account, entity)
LEFT JOIN quarantined USING (account, entity)
LEFT JOIN last_runs USING (account)
LEFT JOIN last_reconciled USING (account, entity);
COMMENT ON VIEW publish.coverage IS 'How fresh and how complete the data is. Grain: one row per account and entity. Every change from covered_from up to fresh_up_to is in raw or in quarantine.';
COMMENT ON COLUMN publish.coverage.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.coverage.entity IS 'Name of the entity: invoices, employees, customers, terms or deletions.';
COMMENT ON COLUMN publish.coverage.fresh_up_to IS 'The watermark: read up to this instant of NetSuite''s clock. Null: never loaded.';
COMMENT ON COLUMN publish.coverage.age IS 'How long ago that was, by the warehouse''s clock.';
COMMENT ON COLUMN publish.coverage.covered_from IS 'First instant of the windows that reach fresh_up_to without a gap. Null: the beginning (or never loaded).';
COMMENT ON COLUMN publish.coverage.without_gap IS 'Whether all windows in ops.extraction_windows are one span that ends at fresh_up_to.';
COMMENT ON COLUMN publish.coverage.live_rows IS 'Rows in raw that are not deleted; null for deletions, which have no table of their own.';
COMMENT ON COLUMN publish.coverage.open_quarantine IS 'Records in quarantine that wait to be mended.';
COMMENT ON COLUMN publish.coverage.last_run_id IS 'The account''s last sync, whichever entities it has loaded. Null: there was none.';
COMMENT ON COLUMN publish.coverage.last_run_state IS 'running, success or failed.';
COMMENT ON COLUMN publish.coverage.last_reconciled_at IS 'When ids and counts were last compared with NetSuite; null: never.';
