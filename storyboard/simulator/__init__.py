"""Simulates the paid services on loopback: their rules, failures and prices, at no cost.

It is written from what the services document and do, never from our catalogue or adapters, so that
tests can find where the two disagree. No other part of the product imports this package; only its
command starts it.
"""
