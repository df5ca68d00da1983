"""YAML 1.2 text to nodes that know their place in it."""
