"""Executes a plan: submits, polls and stores takes."""
