-- What validation found in a run: rules that sent rows to quarantine, and warnings about rows that were loaded.
-- Grain: one row per entity, kind of finding and rule.
SELECT
    steps.entity,
    'quarantined' AS kind,
    reason.key AS rule,
    reason.value::bigint AS rows
FROM ops.sync_steps AS steps
CROSS JOIN LATERAL jsonb_each_text(coalesce(steps.counts -> 'reasons', '{}')) AS reason
WHERE steps.account = :account AND steps.run_id = :run_id AND steps.step = 'validate'
UNION ALL
SELECT
    steps.entity,
    'warning' AS kind,
    warning.key AS rule,
    warning.value::bigint AS rows
FROM ops.sync_steps AS steps
CROSS JOIN LATERAL jsonb_each_text(coalesce(steps.counts -> 'warnings', '{}')) AS warning
WHERE steps.account = :account AND steps.run_id = :run_id AND steps.step = 'validate'
ORDER BY kind, entity, rule;
