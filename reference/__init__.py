"""Writes the reference pages in docs/reference from the tables that the program itself reads.

`make reference` writes them; a test compares them with what the tables say today.
"""
