"""Composes backgrounds, people and text into frames."""
