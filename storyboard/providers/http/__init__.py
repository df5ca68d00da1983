"""HTTP to paid services: at most one submission, no secrets in messages."""
