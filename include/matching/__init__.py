"""Matching: owners of invoices -> employees -> users -> recipients; published in one transaction."""
