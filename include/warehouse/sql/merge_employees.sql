-- Employees: the accepted rows of the batch into raw.employees, typed. Grain: one row per account and internal id.
-- A row that is the same in every column is left untouched.
-- A record changed after it was reported deleted lives again.

MERGE INTO raw.employees AS loaded
USING (
    SELECT
        accepted.id,
        staged.entity_id,
        staged.first_name,
        staged.last_name,
        staged.email,
        staged.email_address,
        staged.email_key,
        nullif(staged.is_inactive, '') = 'T' AS is_inactive,
        nullif(staged.is_sales_rep, '') = 'T' AS is_sales_rep,
        CAST(CAST(nullif(staged.supervisor_id, '') AS numeric) AS bigint) AS supervisor_id,
        staged.custom_fields,
        CAST(nullif(staged.last_modified_at, '') AS timestamptz) AS last_modified_at
    FROM accepted
    INNER JOIN staged ON staged.row_number = accepted.row_number
) AS batch
ON loaded.account = :account AND loaded.id = batch.id
WHEN MATCHED AND (
    (
        loaded.entity_id,
        loaded.first_name,
        loaded.last_name,
        loaded.email,
        loaded.email_address,
        loaded.email_key,
        loaded.is_inactive,
        loaded.is_sales_rep,
        loaded.supervisor_id,
        loaded.custom_fields,
        loaded.last_modified_at
    ) IS DISTINCT FROM (
        batch.entity_id,
        batch.first_name,
        batch.last_name,
        batch.email,
        batch.email_address,
        batch.email_key,
        batch.is_inactive,
        batch.is_sales_rep,
        batch.supervisor_id,
        batch.custom_fields,
        batch.last_modified_at
    )
    OR batch.last_modified_at > loaded.deleted_at
) THEN UPDATE SET
    entity_id = batch.entity_id,
    first_name = batch.first_name,
    last_name = batch.last_name,
    email = batch.email,
    email_address = batch.email_address,
    email_key = batch.email_key,
    is_inactive = batch.is_inactive,
    is_sales_rep = batch.is_sales_rep,
    supervisor_id = batch.supervisor_id,
    custom_fields = batch.custom_fields,
    last_modified_at = batch.last_modified_at,
    deleted_at = CASE WHEN batch.last_modified_at > loaded.deleted_at THEN NULL ELSE loaded.deleted_at END,
    run_id = :run_id
WHEN NOT MATCHED THEN INSERT (
    account,
    id,
    entity_id,
    first_name,
    last_name,
    email,
    email_address,
    email_key,
    is_inactive,
    is_sales_rep,
    supervisor_id,
    custom_fields,
    last_modified_at,
    run_id
) VALUES (
    :account,
    batch.id,
    batch.entity_id,
    batch.first_name,
    batch.last_name,
    batch.email,
    batch.email_address,
    batch.email_key,
    batch.is_inactive,
    batch.is_sales_rep,
    batch.supervisor_id,
    batch.custom_fields,
    batch.last_modified_at,
    :run_id
);
