-- Brings raw.owner_lookups to what NetSuite answered now: ids that were not asked leave, since they have become employees,
-- or no invoice names them any more; an answer that is the same as before stays untouched.
-- :still_named are ids that would be asked now: another run may have loaded, and looked up, what names them.
CREATE TEMP TABLE answers ON COMMIT DROP AS
SELECT *
FROM unnest(
    CAST(:owner_ids AS bigint[]),
    CAST(:found_as AS text[]),
    CAST(:netsuite_types AS text[])
) AS answer (owner_id, found_as, netsuite_type);

DELETE FROM raw.owner_lookups AS lookups
WHERE lookups.account = :account
    AND NOT EXISTS (SELECT FROM answers WHERE answers.owner_id = lookups.owner_id)
    AND lookups.owner_id <> ALL(CAST(:still_named AS bigint[]));

INSERT INTO raw.owner_lookups AS lookups (account, owner_id, found_as, netsuite_type, run_id, looked_up_at)
SELECT
    :account,
    answers.owner_id,
    answers.found_as,
    answers.netsuite_type,
    :run_id,
    now()
FROM answers
LEFT JOIN raw.owner_lookups AS known
    ON known.account = :account AND answers.owner_id = known.owner_id
WHERE (answers.found_as, answers.netsuite_type) IS DISTINCT FROM (known.found_as, known.netsuite_type)
ON CONFLICT (account, owner_id) DO UPDATE SET
    found_as = excluded.found_as,
    netsuite_type = excluded.netsuite_type,
    run_id = excluded.run_id,
    looked_up_at = excluded.looked_up_at;

DROP TABLE answers;
