"""What others take for the same steps; each runs in the environment of `requirements/bench.txt`."""
