-- The batch in figures. Grain: one row.

SELECT
    (SELECT count(*) FROM staged) AS staged,
    (SELECT count(DISTINCT row_number) FROM staged_bad) AS quarantined,
    (SELECT count(*) FROM accepted) AS accepted,
    (SELECT count(*) FROM accepted WHERE is_new) AS new;
