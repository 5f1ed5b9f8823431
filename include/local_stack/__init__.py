"""The demo and development stack on one machine: embedded PostgreSQL, sandbox NetSuite and Airflow, all on loopback."""
