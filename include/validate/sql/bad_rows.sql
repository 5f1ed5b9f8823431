-- The rows of the batch that break a rule. Grain: one row per bad row.
SELECT DISTINCT row_number FROM {bad}
