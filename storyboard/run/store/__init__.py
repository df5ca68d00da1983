"""The store of takes on disk."""
