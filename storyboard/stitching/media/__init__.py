"""Reads media files: streams, frames and their bytes."""
