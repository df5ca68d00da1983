"""Film -> steps -> timeline -> plan: pure data, no files opened, nothing run."""
