"""Titles and subtitles."""
