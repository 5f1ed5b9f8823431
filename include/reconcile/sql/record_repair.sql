-- How many of a comparison's differences the run settled. Grain: one row per account, entity and run.

UPDATE ops.reconciliations
SET repaired = :repaired
WHERE account = :account
    AND entity = :entity
    AND run_id = :run_id;
