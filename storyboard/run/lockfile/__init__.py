"""The lock file: which take each step uses."""
