-- A staged batch. Grain: one row per staged row.
SELECT * FROM {batch}
