"""Synthesizes the sound of a rehearsal."""
