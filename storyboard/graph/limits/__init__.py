"""What a model accepts, checked against a shot."""
