-- Records in quarantine that load cleanly now are mended. Grain: one open row per account, entity and record.

UPDATE quarantine.rows
SET resolved_at = now()
FROM accepted
WHERE rows.account = :account
    AND rows.entity = :entity
    AND rows.resolved_at IS NULL
    AND rows.record_id = CAST(accepted.id AS text)
    AND NOT EXISTS (SELECT FROM bad_records WHERE bad_records.record_id = rows.record_id);
