"""Reads a prompt: who is there, what they do, how the camera moves."""
