-- Forgets the bad rows that an earlier validation of the batch wrote down.
DROP TABLE IF EXISTS {bad}
