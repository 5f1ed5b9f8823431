-- Step 10 of publishing: the credit standing of customers.
-- Grain: one row per live customer; inactive ones too, since they may still owe.
-- An empty credit limit is no limit, a limit of zero is no credit. Amounts that NetSuite leaves empty count as zero in
-- available_credit and utilization. A figure of days beyond an integer is an error of NetSuite's and left empty.
CREATE TEMP TABLE credit_now ON COMMIT DROP AS
SELECT
    customers.id AS customer_id,
    coalesce(
        CASE WHEN btrim(customers.company_name, :trimmed) <> '' THEN customers.company_name END,
        CASE WHEN btrim(customers.alt_name, :trimmed) <> '' THEN customers.alt_name END,
        customers.entity_id
    ) AS customer_name,
    customers.currency,
    customers.credit_limit,
    customers.balance,
    customers.overdue_balance,
    CASE WHEN abs(customers.days_overdue) < 2147483647 THEN round(customers.days_overdue)::integer END AS days_overdue,
    customers.unbilled_orders,
    customers.credit_limit - used.amount AS available_credit,
    CASE WHEN customers.credit_limit > 0 THEN round(used.amount / customers.credit_limit, 6) END AS utilization,
    terms.name AS terms,
    CASE upper(customers.credit_hold_override)
        WHEN 'ON' THEN true
        WHEN 'OFF' THEN false
        ELSE customers.on_credit_hold
    END AS on_hold,
    customers.sales_rep_employee_id,
    greatest(CAST(:cutoff_at AS timestamptz), published.refreshed_at) AS refreshed_at
FROM raw.customers AS customers
CROSS JOIN LATERAL (
    SELECT coalesce(customers.balance, 0) + coalesce(customers.unbilled_orders, 0) AS amount
) AS used
LEFT JOIN raw.terms AS terms
    ON terms.account = :account AND customers.terms_id = terms.id
LEFT JOIN publish.customer_credit AS published
    ON published.account = :account AND customers.id = published.customer_id
WHERE customers.account = :account AND customers.deleted_at IS NULL;

DELETE FROM publish.customer_credit AS published
WHERE published.account = :account
    AND NOT EXISTS (SELECT FROM credit_now WHERE credit_now.customer_id = published.customer_id);

UPDATE publish.customer_credit AS published
SET
    customer_name = credit_now.customer_name,
    currency = credit_now.currency,
    credit_limit = credit_now.credit_limit,
    balance = credit_now.balance,
    overdue_balance = credit_now.overdue_balance,
    days_overdue = credit_now.days_overdue,
    unbilled_orders = credit_now.unbilled_orders,
    available_credit = credit_now.available_credit,
    utilization = credit_now.utilization,
    terms = credit_now.terms,
    on_hold = credit_now.on_hold,
    sales_rep_employee_id = credit_now.sales_rep_employee_id,
    refreshed_at = credit_now.refreshed_at
FROM credit_now
WHERE published.account = :account
    AND published.customer_id = credit_now.customer_id
    AND (
        published.customer_name, published.currency, published.credit_limit, published.balance,
        published.overdue_balance, published.days_overdue, published.unbilled_orders,
        published.available_credit, published.utilization, published.terms, published.on_hold,
        published.sales_rep_employee_id, published.refreshed_at
    ) IS DISTINCT FROM (
        credit_now.customer_name, credit_now.currency, credit_now.credit_limit, credit_now.balance,
        credit_now.overdue_balance, credit_now.days_overdue, credit_now.unbilled_orders,
        credit_now.available_credit, credit_now.utilization, credit_now.terms, credit_now.on_hold,
        credit_now.sales_rep_employee_id, credit_now.refreshed_at
    );

INSERT INTO publish.customer_credit (
    account, customer_id, customer_name, currency, credit_limit, balance, overdue_balance, days_overdue,
    unbilled_orders, available_credit, utilization, terms, on_hold, sales_rep_employee_id, refreshed_at
)
SELECT
    :account,
    customer_id,
    customer_name,
    currency,
    credit_limit,
    balance,
    overdue_balance,
    days_overdue,
    unbilled_orders,
    available_credit,
    utilization,
    terms,
    on_hold,
    sales_rep_employee_id,
    refreshed_at
FROM credit_now
WHERE NOT EXISTS (
    SELECT FROM publish.customer_credit AS published
    WHERE published.account = :account AND published.customer_id = credit_now.customer_id
);
