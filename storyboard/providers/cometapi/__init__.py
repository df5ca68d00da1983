"""The adapter of CometAPI."""
