-- After the differing records were read again: what NetSuite did not show again is deleted, what it did show lives.
-- Grain: one row per account and internal id.

UPDATE loaded
SET
    deleted_at = :cutoff_at,
    run_id = :run_id
FROM differences
WHERE loaded.account = :account
    AND loaded.id = differences.id
    AND loaded.deleted_at IS NULL
    AND differences.kind = 'deleted_silently'
    AND differences.id <> ALL(CAST(:read_again AS bigint[]));

UPDATE loaded
SET
    deleted_at = NULL,
    run_id = :run_id
FROM differences
WHERE loaded.account = :account
    AND loaded.id = differences.id
    AND loaded.deleted_at < :cutoff_at
    AND differences.kind = 'lost'
    AND differences.id = ANY(CAST(:read_again AS bigint[]));
