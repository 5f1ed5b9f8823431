-- What a template's owner fields and plain addresses resolve to, for those who join.
-- Grain: one row per invoice asked for and per owner field or address, whether it gives a recipient or not; with
-- team_selling, one more per further member of the sales team that is chosen.
CREATE OR REPLACE FUNCTION publish.template_recipients(
    account text, owner_fields text [], addresses text [], invoice_ids bigint []
)
RETURNS TABLE (
    invoice_id bigint,
    invoice_number text,
    owner_field text,
    employee_id bigint,
    user_id uuid,
    email text,
    status text
)
LANGUAGE sql STABLE
AS $$
    SELECT
        asked.id,
        invoices.invoice_number,
        coalesce(recipients.owner_field, sources.owner_field),
        recipients.employee_id,
        recipients.user_id,
        CASE
            WHEN invoices.id IS NOT NULL AND invoices.deleted_at IS NULL
                THEN coalesce(recipients.email, sources.address)
        END,
        CASE
            WHEN invoices.id IS NULL THEN 'unknown_invoice'
            WHEN invoices.deleted_at IS NOT NULL THEN 'invoice_deleted'
            WHEN sources.address IS NOT NULL THEN 'ok'
            ELSE coalesce(recipients.status, 'field_not_published')
        END
    FROM unnest($4) AS asked (id)
    CROSS JOIN (
        SELECT field.name AS owner_field, NULL AS address FROM unnest($2) AS field (name)
        UNION ALL
        SELECT NULL, plain.address FROM unnest($3) AS plain (address)
    ) AS sources
    LEFT JOIN raw.invoices AS invoices
        ON invoices.account = $1 AND invoices.id = asked.id
    LEFT JOIN publish.recipients AS recipients
        ON recipients.account = $1
        AND recipients.invoice_id = asked.id
        AND split_part(recipients.owner_field, ':', 1) = sources.owner_field
$$;
COMMENT ON FUNCTION publish.template_recipients(text, text [], text [], bigint []) IS
'What the owner fields and plain addresses of a template resolve to, for the invoices with these internal ids. Grain: one row per invoice and per owner field or address (owner_field is null there); with team_selling, one more for each further member of the sales team that is chosen, with owner_field salesrep:2, salesrep:3, ... where salesrep is asked for. email: the address to mail, only when status is ok. status: as in publish.recipients, or unknown_invoice, invoice_deleted, field_not_published (the last publish has no such field for the invoice). Duplicates are not collapsed here.';
