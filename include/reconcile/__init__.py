"""Reconciliation: are NetSuite's ids and modified instants those of raw, and what to do where they are not."""
