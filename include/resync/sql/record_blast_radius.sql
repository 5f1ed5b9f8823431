-- The blast radius of a run, in the place of an earlier one. Grain: one row per kind of change.
DELETE FROM ops.blast_radius
WHERE account = :account AND run_id = :run_id;

INSERT INTO ops.blast_radius (
    account, run_id, subject, change, owner_field, status_before, status_after, rows, examples
)
SELECT
    :account,
    :run_id,
    subject,
    change,
    owner_field,
    status_before,
    status_after,
    rows,
    examples
FROM jsonb_to_recordset(:rows) AS found (
    subject text, change text, owner_field text, status_before text, status_after text, rows bigint, examples jsonb
);
