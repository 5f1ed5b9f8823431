-- Takes back all that 0006 created.

DROP VIEW publish.freshness;
DROP TABLE ops.publications;
