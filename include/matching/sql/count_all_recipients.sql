-- Step 9 of publishing, when all was resolved anew: count what is published. Grain: one row per owner field and status.
DELETE FROM matching.recipient_counts
WHERE account = :account;

INSERT INTO matching.recipient_counts (account, owner_field, status, rows)
SELECT
    account,
    owner_field,
    status,
    count(*)
FROM publish.recipients
WHERE account = :account
GROUP BY account, owner_field, status;

DROP VIEW owners_to_resolve, recipients_to_compare;
