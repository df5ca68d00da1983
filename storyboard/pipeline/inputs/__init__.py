"""The files that a film names: whether they are whole, and how messages name them."""
