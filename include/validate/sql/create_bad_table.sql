-- The bad rows of a staged batch. Grain: one row per row of the batch and rule that it breaks.
CREATE UNLOGGED TABLE {bad} (row_number bigint NOT NULL, reason text NOT NULL)
