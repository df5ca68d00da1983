"""Simulates CometAPI."""
