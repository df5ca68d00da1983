"""Writes the reference pages in docs/reference, and the output of the commands in the README.

The pages come from the tables that the program itself reads. `make reference` writes everything; a
test compares it with what the program says today.
"""
