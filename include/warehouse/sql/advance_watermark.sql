-- How far an entity has been read, and with which fields and columns. Grain: one row per account and entity.
-- It moves forward only.

INSERT INTO ops.watermarks (account, entity, read_up_to, fields, columns, run_id)
VALUES (:account, :entity, :read_up_to, :fields, :columns, :run_id)
ON CONFLICT (account, entity) DO UPDATE SET
    read_up_to = excluded.read_up_to,
    fields = excluded.fields,
    columns = excluded.columns,
    run_id = excluded.run_id,
    updated_at = now()
WHERE excluded.read_up_to > watermarks.read_up_to;
