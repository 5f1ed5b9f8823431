-- How far an entity has been read, and with which fields. Grain: one row per account and entity.
-- It moves forward only.

INSERT INTO ops.watermarks (account, entity, read_up_to, fields, run_id)
VALUES (:account, :entity, :read_up_to, :fields, :run_id)
ON CONFLICT (account, entity) DO UPDATE SET
    read_up_to = excluded.read_up_to,
    fields = excluded.fields,
    run_id = excluded.run_id,
    updated_at = now()
WHERE excluded.read_up_to > watermarks.read_up_to;
