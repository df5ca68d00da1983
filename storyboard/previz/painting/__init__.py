"""Paints vector drawings into pixels."""
