-- Where NetSuite and raw differ, before the comparison fills it. Grain: one row per record.
-- {table} is the run's table of differences; an earlier attempt's is replaced.
-- Logged, unlike staging tables: emptied by a crash of PostgreSQL, it would say that there is nothing to mend.
DROP TABLE IF EXISTS {table};

CREATE TABLE {table} (
    id bigint PRIMARY KEY,
    kind text NOT NULL,
    netsuite_modified_at timestamptz
);
