"""Transitions: what the language knows of each, and how it is drawn."""
