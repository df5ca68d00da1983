"""Checks, repairs and cleans the ledger and the store."""
