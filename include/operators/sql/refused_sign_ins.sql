-- What the account's runs have met of refused sign-ins since NetSuite last took one. Grain: one row per step that met any.
-- A run that has passed its fence has signed in; what it met afterwards counts.
SELECT
    run_id,
    entity,
    step,
    counts ->> 'refused_credentials' AS credentials,
    CAST(counts ->> 'refused_sign_ins' AS integer) AS times,
    CAST(counts ->> 'refused_at' AS timestamptz) AS refused_at
FROM ops.sync_steps
WHERE account = :account
    AND counts ? 'refused_sign_ins'
    AND run_started_at >= coalesce(
        (SELECT max(started_at) FROM ops.sync_runs WHERE account = :account AND cutoff_at IS NOT NULL), '-infinity'
    )
