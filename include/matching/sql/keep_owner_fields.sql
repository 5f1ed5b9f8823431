-- The owner fields that the account file names now. Grain: one row per owner field; one that stays is not touched.
DELETE FROM ops.owner_fields
WHERE account = :account AND owner_field <> ALL(CAST(:owner_fields AS text[]));

INSERT INTO ops.owner_fields (account, owner_field, run_id)
SELECT
    :account,
    field.name,
    :run_id
FROM unnest(CAST(:owner_fields AS text[])) AS field (name)
ON CONFLICT (account, owner_field) DO NOTHING;
