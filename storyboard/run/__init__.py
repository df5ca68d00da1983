"""Plan -> takes: the store, the lock file, the ledger, and the executor that uses them."""
