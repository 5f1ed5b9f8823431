"""NetSuite's REST services: sign-in, SuiteQL, errors, governance; the Airflow hook on top."""
