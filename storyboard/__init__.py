"""A film is a YAML file of shots: check it, price it, rehearse it, shoot it, cut it."""

__version__ = "0.1.0"
