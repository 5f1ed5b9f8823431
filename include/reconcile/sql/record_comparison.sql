-- What a comparison found, into the ledger. Grain: one row per account, entity and run; compared again it is replaced.

INSERT INTO ops.reconciliations (
    account,
    entity,
    run_id,
    netsuite_rows,
    raw_rows,
    lost,
    changed,
    deleted_silently,
    quarantined
)
VALUES (
    :account,
    :entity,
    :run_id,
    :netsuite_rows,
    :raw_rows,
    :lost,
    :changed,
    :deleted_silently,
    :quarantined
)
ON CONFLICT (account, entity, run_id) DO UPDATE SET
    netsuite_rows = excluded.netsuite_rows,
    raw_rows = excluded.raw_rows,
    lost = excluded.lost,
    changed = excluded.changed,
    deleted_silently = excluded.deleted_silently,
    quarantined = excluded.quarantined,
    repaired = 0,
    compared_at = now();
