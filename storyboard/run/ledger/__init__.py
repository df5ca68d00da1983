"""The ledger: every attempt and what it costs."""
