"""Checks a film against its JSON schema and explains mistakes."""
