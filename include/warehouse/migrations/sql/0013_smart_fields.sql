-- Whom a smart field reaches, for those who join (O10, O11).
-- Grain: one row per live invoice, owner field as a template names it, and user reached; several of a sales team.
CREATE VIEW publish.smart_field_recipients AS
SELECT
    recipients.account,
    recipients.invoice_id,
    recipients.invoice_number,
    field.name AS field_name,
    '{{user_from_source_id:' || field.name || '}}' AS smart_field,
    recipients.email,
    recipients.user_id,
    recipients.employee_id
FROM publish.recipients AS recipients
CROSS JOIN LATERAL (SELECT split_part(recipients.owner_field, ':', 1) AS name) AS field
WHERE recipients.status = 'ok';
COMMENT ON VIEW publish.smart_field_recipients IS 'Whom {{user_from_source_id:FIELD_NAME}} reaches (O10, O11). Grain: one row per account, live invoice, owner field as a template names it and user reached; with team_selling, salesrep may reach several. Nobody is reached where there is no row: publish.recipients says why.';
COMMENT ON COLUMN publish.smart_field_recipients.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.smart_field_recipients.invoice_id IS 'Internal id of the invoice.';
COMMENT ON COLUMN publish.smart_field_recipients.invoice_number IS 'Number of the invoice, as people know it.';
COMMENT ON COLUMN publish.smart_field_recipients.field_name IS 'The owner field, as the account file and templates name it.';
COMMENT ON COLUMN publish.smart_field_recipients.smart_field IS 'The field as it stands in a template, without spaces: {{user_from_source_id:salesrep}}.';
COMMENT ON COLUMN publish.smart_field_recipients.email IS 'The address to mail.';
COMMENT ON COLUMN publish.smart_field_recipients.user_id IS 'The user reached: workflow.users.';
COMMENT ON COLUMN publish.smart_field_recipients.employee_id IS 'Internal id of the NetSuite employee that the field holds.';
