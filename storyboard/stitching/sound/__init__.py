"""The soundtrack: mixes, measures and encodes it."""
