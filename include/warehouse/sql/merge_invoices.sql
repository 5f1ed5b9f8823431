-- Invoices: the accepted rows of the batch into raw.invoices, typed. Grain: one row per account and internal id.
-- A row that is the same in every column is left untouched.
-- A record changed after it was reported deleted lives again.

MERGE INTO raw.invoices AS loaded
USING (
    SELECT
        accepted.id,
        staged.invoice_number,
        CAST(CAST(nullif(staged.customer_id, '') AS numeric) AS bigint) AS customer_id,
        CAST(nullif(staged.invoice_date, '') AS date) AS invoice_date,
        CAST(nullif(staged.due_date, '') AS date) AS due_date,
        staged.status,
        CAST(CAST(nullif(staged.currency_id, '') AS numeric) AS bigint) AS currency_id,
        staged.currency,
        CAST(nullif(staged.exchange_rate, '') AS numeric) AS exchange_rate,
        CAST(nullif(staged.total, '') AS numeric) AS total,
        CAST(nullif(staged.unpaid_amount, '') AS numeric) AS unpaid_amount,
        CAST(CAST(nullif(staged.terms_id, '') AS numeric) AS bigint) AS terms_id,
        staged.memo,
        staged.custom_fields,
        CAST(nullif(staged.created_at, '') AS timestamptz) AS created_at,
        CAST(nullif(staged.last_modified_at, '') AS timestamptz) AS last_modified_at
    FROM accepted
    INNER JOIN staged ON staged.row_number = accepted.row_number
) AS batch
ON loaded.account = :account AND loaded.id = batch.id
WHEN MATCHED AND (
    (
        loaded.invoice_number,
        loaded.customer_id,
        loaded.invoice_date,
        loaded.due_date,
        loaded.status,
        loaded.currency_id,
        loaded.currency,
        loaded.exchange_rate,
        loaded.total,
        loaded.unpaid_amount,
        loaded.terms_id,
        loaded.memo,
        loaded.custom_fields,
        loaded.created_at,
        loaded.last_modified_at
    ) IS DISTINCT FROM (
        batch.invoice_number,
        batch.customer_id,
        batch.invoice_date,
        batch.due_date,
        batch.status,
        batch.currency_id,
        batch.currency,
        batch.exchange_rate,
        batch.total,
        batch.unpaid_amount,
        batch.terms_id,
        batch.memo,
        batch.custom_fields,
        batch.created_at,
        batch.last_modified_at
    )
    OR batch.last_modified_at > loaded.deleted_at
) THEN UPDATE SET
    invoice_number = batch.invoice_number,
    customer_id = batch.customer_id,
    invoice_date = batch.invoice_date,
    due_date = batch.due_date,
    status = batch.status,
    currency_id = batch.currency_id,
    currency = batch.currency,
    exchange_rate = batch.exchange_rate,
    total = batch.total,
    unpaid_amount = batch.unpaid_amount,
    terms_id = batch.terms_id,
    memo = batch.memo,
    custom_fields = batch.custom_fields,
    created_at = batch.created_at,
    last_modified_at = batch.last_modified_at,
    deleted_at = CASE WHEN batch.last_modified_at > loaded.deleted_at THEN NULL ELSE loaded.deleted_at END,
    run_id = :run_id
WHEN NOT MATCHED THEN INSERT (
    account,
    id,
    invoice_number,
    customer_id,
    invoice_date,
    due_date,
    status,
    currency_id,
    currency,
    exchange_rate,
    total,
    unpaid_amount,
    terms_id,
    memo,
    custom_fields,
    created_at,
    last_modified_at,
    run_id
) VALUES (
    :account,
    batch.id,
    batch.invoice_number,
    batch.customer_id,
    batch.invoice_date,
    batch.due_date,
    batch.status,
    batch.currency_id,
    batch.currency,
    batch.exchange_rate,
    batch.total,
    batch.unpaid_amount,
    batch.terms_id,
    batch.memo,
    batch.custom_fields,
    batch.created_at,
    batch.last_modified_at,
    :run_id
);
