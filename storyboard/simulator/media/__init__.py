"""The media that simulated services return."""
