-- What waits in quarantine to be mended.
-- Grain: one row per account, entity and reason, with the first :examples records as examples.
WITH open_rows AS (
    SELECT
        rows.account,
        rows.entity,
        rows.record_id,
        rows.payload,
        rows.quarantined_at,
        reason.text AS reason,
        row_number() OVER (
            PARTITION BY rows.account, rows.entity, reason.text ORDER BY rows.quarantined_at, rows.quarantine_id
        ) AS place
    FROM quarantine.rows AS rows
    CROSS JOIN LATERAL unnest(rows.reasons) AS reason (text)
    WHERE rows.account = ANY(:accounts) AND rows.resolved_at IS NULL
)

SELECT
    account,
    entity,
    reason,
    count(*) AS rows,
    min(quarantined_at) AS since,
    jsonb_agg(jsonb_build_object('record_id', record_id, 'payload', payload) ORDER BY place)
        FILTER (WHERE place <= :examples) AS examples
FROM open_rows
GROUP BY account, entity, reason
ORDER BY account, entity, rows DESC, reason;
