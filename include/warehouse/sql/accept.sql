-- The rows of the batch that are to be in raw: the good ones, without those that raw knows in a newer version.
-- Grain: one row per accepted row of the batch. `target` is the entity's table in raw.
-- Newer is what NetSuite changed later; and, changed at the same instant, what a run with a later cut-off has written
-- (customers' balances change without touching last_modified_at), or has read in full and found as it is in raw
-- (the latter where this run is a backfill or re-sync, which may have waited for approval while others went by).

CREATE TEMPORARY TABLE accepted (
    row_number bigint PRIMARY KEY,
    id bigint NOT NULL,
    is_new boolean NOT NULL
) ON COMMIT DROP;

-- Materialized, so that no bad row is ever cast.
WITH good AS MATERIALIZED (
    SELECT
        row_number,
        CAST(CAST(id AS numeric) AS bigint) AS id,
        CAST(nullif(last_modified_at, '') AS timestamptz) AS last_modified_at
    FROM staged
    WHERE NOT EXISTS (SELECT FROM staged_bad WHERE staged_bad.row_number = staged.row_number)
)

INSERT INTO accepted (row_number, id, is_new)
SELECT
    good.row_number,
    good.id,
    target.id IS NULL AS is_new
FROM good
LEFT JOIN target ON target.account = :account AND target.id = good.id
WHERE target.id IS NULL
    OR good.last_modified_at > target.last_modified_at
    OR (
        coalesce(good.last_modified_at >= target.last_modified_at, true)
        AND target.run_id NOT IN (
            SELECT run_id FROM ops.sync_runs WHERE account = :account AND cutoff_at > :cutoff_at
        )
        AND NOT EXISTS (
            SELECT FROM ops.extraction_windows AS windows
            INNER JOIN ops.sync_runs AS this_run
                ON this_run.account = :account AND this_run.run_id = :run_id AND this_run.window_ends IS NOT NULL
            WHERE windows.account = :account
                AND windows.entity = :entity
                AND windows.read_from IS NULL
                AND windows.window_to > :cutoff_at
        )
    );

ANALYZE accepted;
