"""Simulates Google's services."""
