"""The terminal: its colours, its tables, and what is opened from it."""
