"""One transition a file: its `TRANSITION` is all that the rest of the product knows of it."""
