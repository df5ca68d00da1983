"""Effects on takes."""
