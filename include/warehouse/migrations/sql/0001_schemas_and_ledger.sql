-- Schemas, the run ledger and the watermarks.

CREATE SCHEMA raw;
COMMENT ON SCHEMA raw IS 'NetSuite''s entities as last read, typed; one row per account and internal id.';
CREATE SCHEMA staging;
COMMENT ON SCHEMA staging IS 'What one run read, as text, before it is validated; one table per run and entity, dropped when it is loaded.';
CREATE SCHEMA quarantine;
COMMENT ON SCHEMA quarantine IS 'Rows that broke a rule of validation, with every reason; they are not in raw.';
CREATE SCHEMA matching;
COMMENT ON SCHEMA matching IS 'Working tables of the matching of employees with users; what publish was made from.';
CREATE SCHEMA publish;
COMMENT ON SCHEMA publish IS 'The contract with the workflow engine and with analysts; changes in one transaction per run.';
CREATE SCHEMA workflow;
COMMENT ON SCHEMA workflow IS 'Tables that the workflow engine owns.';
-- ops is there already: Alembic keeps its version in it.
COMMENT ON SCHEMA ops IS 'The run ledger and the watermarks.';

CREATE TABLE ops.sync_runs (
    account text NOT NULL,
    run_id text NOT NULL,
    dag_id text NOT NULL,
    cutoff_at timestamptz,
    windows jsonb NOT NULL DEFAULT '{}',
    fields jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'success', 'failed')),
    counts jsonb NOT NULL DEFAULT '{}',
    error text,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (account, run_id)
);
COMMENT ON TABLE ops.sync_runs IS 'The run ledger. Grain: one row per account and DAG run.';
COMMENT ON COLUMN ops.sync_runs.account IS 'Name of the account file.';
COMMENT ON COLUMN ops.sync_runs.run_id IS 'Airflow''s id of the DAG run.';
COMMENT ON COLUMN ops.sync_runs.dag_id IS 'Airflow''s id of the DAG.';
COMMENT ON COLUMN ops.sync_runs.cutoff_at IS 'The fence: NetSuite''s own clock when the run began; every entity was read up to this instant. Null: the run has not passed the fence.';
COMMENT ON COLUMN ops.sync_runs.windows IS 'Per entity, the instant from which changes were read (null: from the beginning).';
COMMENT ON COLUMN ops.sync_runs.fields IS 'Per entity, the fields of the account file that were read along.';
COMMENT ON COLUMN ops.sync_runs.state IS 'running, success or failed.';
COMMENT ON COLUMN ops.sync_runs.counts IS 'Per entity and step what was counted; ops.sync_steps shows it as rows.';
COMMENT ON COLUMN ops.sync_runs.error IS 'Why the run failed, in words for the person who must act.';
COMMENT ON COLUMN ops.sync_runs.started_at IS 'When the run''s first step began.';
COMMENT ON COLUMN ops.sync_runs.finished_at IS 'When the run published or failed.';

-- Grain: one row per account, run, entity and step, with what that step counted.
CREATE VIEW ops.sync_steps AS
SELECT
    runs.account,
    runs.run_id,
    entity.key AS entity,
    step.key AS step,
    step.value ->> 'state' AS state,
    (step.value ->> 'rows')::bigint AS rows,
    step.value AS counts,
    runs.started_at AS run_started_at
FROM ops.sync_runs AS runs
CROSS JOIN LATERAL jsonb_each(runs.counts) AS entity
CROSS JOIN LATERAL jsonb_each(entity.value) AS step;
COMMENT ON VIEW ops.sync_steps IS 'The run ledger step by step. Grain: one row per account, run, entity and step.';
COMMENT ON COLUMN ops.sync_steps.account IS 'Name of the account file.';
COMMENT ON COLUMN ops.sync_steps.run_id IS 'Airflow''s id of the DAG run.';
COMMENT ON COLUMN ops.sync_steps.entity IS 'The entity, or "run" for steps of the whole run (fence, match, publish).';
COMMENT ON COLUMN ops.sync_steps.step IS 'extract, validate, load, fence, look_up_owners, match or publish.';
COMMENT ON COLUMN ops.sync_steps.state IS 'running, success or failed.';
COMMENT ON COLUMN ops.sync_steps.rows IS 'Rows so far (while running) or in all.';
COMMENT ON COLUMN ops.sync_steps.counts IS 'All that the step counted, with started_at, finished_at and, of a failed step, error.';
COMMENT ON COLUMN ops.sync_steps.run_started_at IS 'When the run''s first step began.';

CREATE TABLE ops.watermarks (
    account text NOT NULL,
    entity text NOT NULL,
    read_up_to timestamptz NOT NULL,
    fields text[] NOT NULL,
    run_id text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, entity)
);
COMMENT ON TABLE ops.watermarks IS 'How far each entity has been read. Grain: one row per account and entity. Moves forward only, in the transaction that loads the rows.';
COMMENT ON COLUMN ops.watermarks.account IS 'Name of the account file.';
COMMENT ON COLUMN ops.watermarks.entity IS 'Name of the entity: invoices, employees, customers, terms or deletions.';
COMMENT ON COLUMN ops.watermarks.read_up_to IS 'Every change before this instant (NetSuite''s clock) is in raw.';
COMMENT ON COLUMN ops.watermarks.fields IS 'Fields of the account file that every row up to there was read with; a field beyond them makes the next run read all rows again.';
COMMENT ON COLUMN ops.watermarks.run_id IS 'The run whose load moved the watermark last.';
COMMENT ON COLUMN ops.watermarks.updated_at IS 'When it moved last.';

COMMENT ON TABLE ops.alembic_version IS 'The version of these tables. Grain: one row; written by Alembic.';
COMMENT ON COLUMN ops.alembic_version.version_num IS 'Number of the last migration that ran.';
