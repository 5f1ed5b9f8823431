"""Great Expectations suites, one per entity, run in the database; what breaks a rule on rows goes to quarantine."""
