"""Mistakes and damage made by chance, in films and in media, to see that each is told well."""
