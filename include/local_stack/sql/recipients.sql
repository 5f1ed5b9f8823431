-- Who can be e-mailed, as published now.
-- Grain: one row per owner field and status.
SELECT
    recipients.owner_field,
    recipients.status,
    count(*) AS rows
FROM publish.recipients AS recipients
WHERE recipients.account = :account
GROUP BY recipients.owner_field, recipients.status
ORDER BY recipients.owner_field, recipients.status;
