-- Which columns of NetSuite, of those that differ between accounts, a run was offered and each entity was read with.

ALTER TABLE ops.sync_runs ADD COLUMN columns jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN ops.sync_runs.columns IS 'Per entity, the columns that NetSuite offered at the fence, of those that not every account has, as SuiteQL spells them.';

ALTER TABLE ops.watermarks ADD COLUMN columns text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN ops.watermarks.columns IS 'Columns that not every account has, as SuiteQL spells them, that every row up to there was read with; one that is gone fails the next fence, one that joins them makes the next run read all rows again.';
