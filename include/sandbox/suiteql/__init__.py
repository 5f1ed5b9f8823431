"""SuiteQL: parsed as Oracle's SQL, refused where NetSuite refuses, translated to SQLite and run."""
