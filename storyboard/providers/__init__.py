"""Who makes takes: the port, the catalogue, and the adapters behind entry points."""
