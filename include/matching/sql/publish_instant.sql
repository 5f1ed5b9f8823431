-- The instant of this publish: later than every publish of the account before it, and than every question that
-- publish.recipients_at has answered. Who asks from here on waits until this transaction has ended.
SELECT pg_advisory_xact_lock(hashtextextended('recipients become visible ' || :account, 0));

SELECT greatest(clock_timestamp(), max(published_at) + interval '1 microsecond') AS published_at
FROM ops.publishes
WHERE account = :account;
