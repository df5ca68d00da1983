"""Places people and camera on the set."""
