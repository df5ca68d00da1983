"""The version of the package, in a module that anything may import."""

__version__ = "0.1.0"

DISTRIBUTION = "storyboard-film"
"""What an installer calls the package; the command and the import are `storyboard`."""
