-- What a run read, loaded and quarantined.
-- inserted + updated + unchanged + outdated (raw holds a newer version) = rows_loaded.
-- Grain: one row per entity that has been read.
SELECT
    extracted.entity,
    extracted.rows AS rows_read,
    loaded.rows AS rows_loaded,
    coalesce((loaded.counts ->> 'inserted')::bigint, 0) AS inserted,
    coalesce((loaded.counts ->> 'updated')::bigint, 0) AS updated,
    coalesce((loaded.counts ->> 'unchanged')::bigint, 0) AS unchanged,
    coalesce((loaded.counts ->> 'outdated')::bigint, 0) AS outdated,
    coalesce((validated.counts ->> 'bad_rows')::bigint, 0) AS quarantined
FROM ops.sync_steps AS extracted
LEFT JOIN ops.sync_steps AS validated
    ON
        extracted.account = validated.account
        AND extracted.run_id = validated.run_id
        AND extracted.entity = validated.entity
        AND validated.step = 'validate'
LEFT JOIN ops.sync_steps AS loaded
    ON
        extracted.account = loaded.account
        AND extracted.run_id = loaded.run_id
        AND extracted.entity = loaded.entity
        AND loaded.step = 'load'
WHERE extracted.account = :account AND extracted.run_id = :run_id AND extracted.step = 'extract'
ORDER BY extracted.counts ->> 'started_at', extracted.entity;
