"""The film as data, built from what the storyboard says."""
