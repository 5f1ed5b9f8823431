-- Records in quarantine that are deleted now wait for no one to mend them. Grain: one open row per account, entity and record.

UPDATE quarantine.rows
SET resolved_at = now()
FROM reported_deletions AS reported
WHERE rows.account = :account
    AND rows.entity = reported.entity
    AND rows.record_id = CAST(reported.id AS text)
    AND rows.resolved_at IS NULL;
