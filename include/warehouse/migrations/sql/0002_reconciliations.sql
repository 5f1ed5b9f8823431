-- What each reconciliation found and repaired.

CREATE TABLE ops.reconciliations (
    account text NOT NULL,
    entity text NOT NULL,
    run_id text NOT NULL,
    netsuite_rows bigint NOT NULL,
    raw_rows bigint NOT NULL,
    lost bigint NOT NULL,
    changed bigint NOT NULL,
    deleted_silently bigint NOT NULL,
    quarantined bigint NOT NULL,
    repaired bigint NOT NULL DEFAULT 0,
    compared_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, entity, run_id)
);
COMMENT ON TABLE ops.reconciliations IS 'Ids and modified instants of NetSuite compared with raw (B4). Grain: one row per account, entity and run of netsuite_reconcile.';
COMMENT ON COLUMN ops.reconciliations.account IS 'Name of the account file.';
COMMENT ON COLUMN ops.reconciliations.entity IS 'Name of the entity: invoices, employees, customers or terms.';
COMMENT ON COLUMN ops.reconciliations.run_id IS 'The run in ops.sync_runs; its steps there hold examples of every difference.';
COMMENT ON COLUMN ops.reconciliations.netsuite_rows IS 'Records that NetSuite showed.';
COMMENT ON COLUMN ops.reconciliations.raw_rows IS 'Live rows that raw held then.';
COMMENT ON COLUMN ops.reconciliations.lost IS 'Records in NetSuite that a sync should have brought, but raw lacks or holds as deleted.';
COMMENT ON COLUMN ops.reconciliations.changed IS 'Records whose modified instant in NetSuite is not the one in raw, though a sync should have brought it.';
COMMENT ON COLUMN ops.reconciliations.deleted_silently IS 'Live rows of raw that NetSuite no longer shows, and whose deletion it did not report.';
COMMENT ON COLUMN ops.reconciliations.quarantined IS 'Records that raw lacks or holds in an older version because the row waits in quarantine; no difference.';
COMMENT ON COLUMN ops.reconciliations.repaired IS 'Differences that the run settled; fewer than were found where it failed.';
COMMENT ON COLUMN ops.reconciliations.compared_at IS 'When they were compared.';
