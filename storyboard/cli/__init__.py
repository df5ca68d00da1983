"""The command line: `commands` has one small module a verb, and the modules here draw."""
