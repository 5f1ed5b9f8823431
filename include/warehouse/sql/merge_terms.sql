-- Payment terms: the accepted rows of the batch into raw.terms, typed. Grain: one row per account and internal id.
-- A row that is the same in every column is left untouched.

MERGE INTO raw.terms AS loaded
USING (
    SELECT
        accepted.id,
        staged.name,
        CAST(nullif(staged.days_until_net_due, '') AS numeric) AS days_until_net_due,
        nullif(staged.is_inactive, '') = 'T' AS is_inactive,
        staged.custom_fields
    FROM accepted
    INNER JOIN staged ON staged.row_number = accepted.row_number
) AS batch
ON loaded.account = :account AND loaded.id = batch.id
WHEN MATCHED AND (
    (
        loaded.name,
        loaded.days_until_net_due,
        loaded.is_inactive,
        loaded.custom_fields
    ) IS DISTINCT FROM (
        batch.name,
        batch.days_until_net_due,
        batch.is_inactive,
        batch.custom_fields
    )
) THEN UPDATE SET
    name = batch.name,
    days_until_net_due = batch.days_until_net_due,
    is_inactive = batch.is_inactive,
    custom_fields = batch.custom_fields,
    run_id = :run_id
WHEN NOT MATCHED THEN INSERT (
    account,
    id,
    name,
    days_until_net_due,
    is_inactive,
    custom_fields,
    run_id
) VALUES (
    :account,
    batch.id,
    batch.name,
    batch.days_until_net_due,
    batch.is_inactive,
    batch.custom_fields,
    :run_id
);
