-- Stores the match keys that were computed for users' addresses.
INSERT INTO ops.user_email_keys (user_id, email, email_key)
SELECT *
FROM unnest(CAST(:user_ids AS uuid[]), CAST(:emails AS text[]), CAST(:email_keys AS text[]))
ON CONFLICT (user_id) DO UPDATE SET
    email = excluded.email,
    email_key = excluded.email_key;
