"""Backfill and re-sync: what is to be read again, and what that would change before anything is changed."""
