"""What is asked of NetSuite: one SuiteQL file per query, the windows, and landing as Parquet."""
