"""Files, locks and databases: helpers that know nothing of films."""
