"""The command line: one small module a verb; `view` and its neighbours draw."""
