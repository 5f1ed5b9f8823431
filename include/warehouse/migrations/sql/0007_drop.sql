-- Takes back all that 0007 created.

DROP VIEW publish.employee_explain;
DROP VIEW publish.recipient_explain;
DROP FUNCTION publish.template_recipients(text, text [], text [], bigint []);
DROP INDEX ops.user_email_keys_email_key;
DROP INDEX raw.invoices_invoice_number;
DROP TABLE workflow.templates;
DROP TABLE ops.owner_fields;
