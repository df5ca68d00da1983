"""Draws people."""
