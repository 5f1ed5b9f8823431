-- What owner fields resolve to for the invoices asked for, each by internal id or else by number.
-- Grain: one row per invoice asked for (position), invoice found and owner field; one row with owner_field null where no
-- owner field is asked for, with invoice_id null where nothing was found. A number that several invoices bear finds all.
-- With team_selling one more row per further member of the sales team that is chosen (salesrep:2, salesrep:3, ...).
WITH asked AS (
    SELECT *
    FROM unnest(CAST(:invoice_ids AS bigint[]), CAST(:invoice_numbers AS text[]))
    WITH ORDINALITY AS asked (invoice_id, invoice_number, position)
),

found AS (
    SELECT
        asked.position,
        invoices.id,
        invoices.invoice_number,
        invoices.deleted_at IS NOT NULL AS is_deleted
    FROM asked
    INNER JOIN raw.invoices AS invoices
        ON invoices.account = :account AND asked.invoice_id = invoices.id
    UNION ALL
    SELECT
        asked.position,
        invoices.id,
        invoices.invoice_number,
        invoices.deleted_at IS NOT NULL AS is_deleted
    FROM asked
    INNER JOIN raw.invoices AS invoices
        ON invoices.account = :account AND asked.invoice_number = invoices.invoice_number
    WHERE asked.invoice_id IS NULL
)

SELECT
    asked.position,
    found.id AS invoice_id,
    found.invoice_number,
    found.is_deleted,
    recipients.owner_field,
    recipients.employee_id,
    recipients.user_id,
    recipients.email,
    recipients.status
FROM asked
LEFT JOIN found ON asked.position = found.position
LEFT JOIN LATERAL publish.template_recipients(
    :account, CAST(:owner_fields AS text[]), '{}', ARRAY[found.id]
) AS recipients ON found.id IS NOT NULL
ORDER BY
    asked.position,
    found.id,
    array_position(CAST(:owner_fields AS text[]), split_part(recipients.owner_field, ':', 1)),
    length(recipients.owner_field),
    recipients.owner_field;
