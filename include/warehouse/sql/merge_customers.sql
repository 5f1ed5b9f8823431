-- Customers: the accepted rows of the batch into raw.customers, typed. Grain: one row per account and internal id.
-- A row that is the same in every column is left untouched.
-- A record changed after it was reported deleted lives again.

MERGE INTO raw.customers AS loaded
USING (
    SELECT
        accepted.id,
        staged.entity_id,
        staged.company_name,
        staged.alt_name,
        CAST(CAST(nullif(staged.currency_id, '') AS numeric) AS bigint) AS currency_id,
        staged.currency,
        CAST(nullif(staged.credit_limit, '') AS numeric) AS credit_limit,
        CAST(nullif(staged.balance, '') AS numeric) AS balance,
        CAST(nullif(staged.overdue_balance, '') AS numeric) AS overdue_balance,
        CAST(nullif(staged.days_overdue, '') AS numeric) AS days_overdue,
        CAST(nullif(staged.unbilled_orders, '') AS numeric) AS unbilled_orders,
        CAST(CAST(nullif(staged.terms_id, '') AS numeric) AS bigint) AS terms_id,
        staged.credit_hold_override,
        nullif(staged.on_credit_hold, '') = 'T' AS on_credit_hold,
        CAST(CAST(nullif(staged.sales_rep_employee_id, '') AS numeric) AS bigint) AS sales_rep_employee_id,
        nullif(staged.is_inactive, '') = 'T' AS is_inactive,
        staged.custom_fields,
        CAST(nullif(staged.last_modified_at, '') AS timestamptz) AS last_modified_at
    FROM accepted
    INNER JOIN staged ON staged.row_number = accepted.row_number
) AS batch
ON loaded.account = :account AND loaded.id = batch.id
WHEN MATCHED AND (
    (
        loaded.entity_id,
        loaded.company_name,
        loaded.alt_name,
        loaded.currency_id,
        loaded.currency,
        loaded.credit_limit,
        loaded.balance,
        loaded.overdue_balance,
        loaded.days_overdue,
        loaded.unbilled_orders,
        loaded.terms_id,
        loaded.credit_hold_override,
        loaded.on_credit_hold,
        loaded.sales_rep_employee_id,
        loaded.is_inactive,
        loaded.custom_fields,
        loaded.last_modified_at
    ) IS DISTINCT FROM (
        batch.entity_id,
        batch.company_name,
        batch.alt_name,
        batch.currency_id,
        batch.currency,
        batch.credit_limit,
        batch.balance,
        batch.overdue_balance,
        batch.days_overdue,
        batch.unbilled_orders,
        batch.terms_id,
        batch.credit_hold_override,
        batch.on_credit_hold,
        batch.sales_rep_employee_id,
        batch.is_inactive,
        batch.custom_fields,
        batch.last_modified_at
    )
    OR batch.last_modified_at > loaded.deleted_at
) THEN UPDATE SET
    entity_id = batch.entity_id,
    company_name = batch.company_name,
    alt_name = batch.alt_name,
    currency_id = batch.currency_id,
    currency = batch.currency,
    credit_limit = batch.credit_limit,
    balance = batch.balance,
    overdue_balance = batch.overdue_balance,
    days_overdue = batch.days_overdue,
    unbilled_orders = batch.unbilled_orders,
    terms_id = batch.terms_id,
    credit_hold_override = batch.credit_hold_override,
    on_credit_hold = batch.on_credit_hold,
    sales_rep_employee_id = batch.sales_rep_employee_id,
    is_inactive = batch.is_inactive,
    custom_fields = batch.custom_fields,
    last_modified_at = batch.last_modified_at,
    deleted_at = CASE WHEN batch.last_modified_at > loaded.deleted_at THEN NULL ELSE loaded.deleted_at END,
    run_id = :run_id
WHEN NOT MATCHED THEN INSERT (
    account,
    id,
    entity_id,
    company_name,
    alt_name,
    currency_id,
    currency,
    credit_limit,
    balance,
    overdue_balance,
    days_overdue,
    unbilled_orders,
    terms_id,
    credit_hold_override,
    on_credit_hold,
    sales_rep_employee_id,
    is_inactive,
    custom_fields,
    last_modified_at,
    run_id
) VALUES (
    :account,
    batch.id,
    batch.entity_id,
    batch.company_name,
    batch.alt_name,
    batch.currency_id,
    batch.currency,
    batch.credit_limit,
    batch.balance,
    batch.overdue_balance,
    batch.days_overdue,
    batch.unbilled_orders,
    batch.terms_id,
    batch.credit_hold_override,
    batch.on_credit_hold,
    batch.sales_rep_employee_id,
    batch.is_inactive,
    batch.custom_fields,
    batch.last_modified_at,
    :run_id
);
