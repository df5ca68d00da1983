"""What a run would make, and why."""
